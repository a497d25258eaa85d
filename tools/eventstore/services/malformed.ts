/** Tells clients whose bytes are no message of the expected type that the fault is theirs. */

import { ServerInterceptingCall, status, type ServerInterceptor, type ServiceDefinition } from "@grpc/grpc-js";

/** In the place of a request that could not be decoded: if decoding threw, the server would say that it had failed. */
const malformed = Symbol("malformed");

/** To be served together with `refuseMalformed`. */
export function decodingAnything(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return malformed;
      }
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods);
}

export const refuseMalformed: ServerInterceptor = ({ path }, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMessage(request: unknown, forward) {
          if (request !== malformed) return forward(request);
          const details = `The request of ${path} is no message of its type. Send what its protocol says.`;
          call.sendStatus({ code: status.INVALID_ARGUMENT, details });
        },
      }),
  });
