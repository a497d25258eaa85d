/** A BatchAppend call of its own, and what was answered over it. */

import status from "@eventstore/db-client/generated/status_pb.js";
import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { BatchAppendReq, BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import protobufEmpty from "google-protobuf/google/protobuf/empty_pb.js";
import { until } from "../../until.js";
import { identifier, proposed, uuid, type EventParts } from "./raw.js";

export interface BatchParts {
  /** Correlation id; left out when `null`. */
  readonly id: string | null;
  /** With options, for this stream. */
  readonly to?: string;
  readonly options?: (options: BatchAppendReq.Options) => unknown;
  readonly events?: readonly EventParts[];
  readonly more?: boolean;
}

export const batchId = (n: number) => `bbbbbbbb-0000-4000-8000-${String(n).padStart(12, "0")}`;

let ids = 0;
export const event = (parts: EventParts = {}): EventParts => ({
  id: uuid(`eeeeeeee-0000-4000-8000-${String(++ids).padStart(12, "0")}`),
  type: "t",
  contentType: "application/json",
  data: Buffer.from("{}"),
  ...parts,
});

export function batch({ id, to, options: change, events = [event()], more = false }: BatchParts): BatchAppendReq {
  const request = new streams.BatchAppendReq().setIsFinal(!more);
  if (id !== null) request.setCorrelationId(uuid(id));
  if (to !== undefined || change) {
    const options = new streams.BatchAppendReq.Options().setAny(new protobufEmpty.Empty());
    if (to !== undefined) options.setStreamIdentifier(identifier(to));
    change?.(options);
    request.setOptions(options);
  }
  for (const parts of events)
    request.addProposedMessages(proposed(new streams.BatchAppendReq.ProposedMessage(), parts));
  return request;
}

export class BatchCall {
  readonly answers: BatchAppendResp[] = [];
  /** How the call ended. */
  ended: "well" | ServiceError | undefined;
  readonly #call: ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

  constructor(client: IStreamsClient) {
    this.#call = client.batchAppend();
    this.#call.on("data", (answer: BatchAppendResp) => this.answers.push(answer));
    this.#call.on("end", () => (this.ended ??= "well"));
    this.#call.on("error", (error: ServiceError) => (this.ended = error));
  }

  send(parts: BatchParts): void {
    this.write(batch(parts));
  }

  write(request: BatchAppendReq): void {
    this.#call.write(request);
  }

  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  async answered(count = 1): Promise<BatchAppendResp[]> {
    await until(`${count} batches are answered`, () => this.answers.length >= count || this.ended !== undefined);
    return this.answers;
  }

  async end(): Promise<"well" | ServiceError> {
    await until("the call ends", () => this.ended !== undefined);
    return this.ended!;
  }
}

export const idOf = (answer: BatchAppendResp) => answer.getCorrelationId()!.getString();

/** Code, and name of the details' type, of an error; what was written otherwise. */
export function outcomeOf(answer: BatchAppendResp): string {
  const error: status.Status | undefined = answer.getError();
  if (error) return `${String(error.getCode())} ${error.getDetails()!.getTypeName()}`;
  const success = answer.getSuccess()!;
  return success.hasNoStream() ? "nothing" : `revision ${success.getCurrentRevision()}`;
}
