/** A gRPC service of the development server, and handlers whose exceptions become statuses: none ends the process. */

import {
  status,
  type sendUnaryData,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import { asStatus, RpcError } from "./status.js";

/** To be passed to `startEventStoreServer`. */
export interface Service {
  readonly definition: ServiceDefinition;
  /** One for each method of the definition, by its name. */
  readonly handlers: Readonly<Record<string, UntypedHandleCall>>;
}

/** One request, one answer. */
export function unary<Request, Response>(
  answer: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): UntypedHandleCall {
  return (call: ServerUnaryCall<Request, Response>, respond: sendUnaryData<Response>): void => {
    void (async () => answer(call.request, call))().then(
      (response) => respond(null, response),
      (error: unknown) => respond(asStatus(error)),
    );
  };
}

/** Many requests, one answer. */
export function clientStreaming<Request, Response>(
  answer: (requests: ServerReadableStream<Request, Response>) => Promise<Response>,
): UntypedHandleCall {
  return (call: ServerReadableStream<Request, Response>, respond: sendUnaryData<Response>): void => {
    void answer(call).then(
      (response) => respond(null, response),
      (error: unknown) => respond(asStatus(error)),
    );
  };
}

interface Answering {
  end(): unknown;
  emit(event: "error", error: Error): boolean;
}

/** Many answers. The call ends when `serve` is done, or with the status of what it threw, after what was written. */
export function streaming<Call extends Answering>(serve: (call: Call) => Promise<void>): UntypedHandleCall {
  const handle = (call: Call): void => {
    void serve(call).then(
      () => call.end(),
      (error: unknown) => call.emit("error", asStatus(error)),
    );
  };
  return handle as unknown as UntypedHandleCall;
}

/** A service that answers each method with UNIMPLEMENTED and `sentence`. */
export function notOffered(definition: ServiceDefinition, sentence: string): Service {
  const refusal = new RpcError(status.UNIMPLEMENTED, sentence);
  const handlers = Object.entries(definition).map(([name, { responseStream }]): [string, UntypedHandleCall] => [
    name,
    responseStream
      ? (call: ServerWritableStream<unknown, unknown>) => void call.emit("error", refusal)
      : (_call: unknown, respond: sendUnaryData<unknown>) => respond(refusal),
  ]);
  return { definition, handlers: Object.fromEntries(handlers) };
}
