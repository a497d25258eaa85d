/** Keeps calls that their client gave up from being taken for complete. */

import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/**
 * To grpc-js, a call that is cancelled half way looks like one whose client has sent everything; that it was cancelled
 * comes out later. Part of an append would be written. (Node's own clients do say that everything was sent before they
 * cancel: against that no server can do anything. A batch says in the message which part is the last one.)
 */
export const dropGivenUp: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) => {
      let cancelled = false;
      next({
        onCancel() {
          cancelled = true;
        },
        onReceiveHalfClose(forward) {
          // Makes it look whether the call is cancelled. If so, `onCancel` is called in the next tick, before what is below.
          call.startRead();
          process.nextTick(() => {
            if (!cancelled) forward();
          });
        },
      });
    },
  });
