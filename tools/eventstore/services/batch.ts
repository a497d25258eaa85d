/** One of the appends of a BatchAppend, from its first part to its answer. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import type { UUID } from "@eventstore/db-client/generated/shared_pb.js";
import type { Status } from "@eventstore/db-client/generated/status_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { BatchAppendReq, BatchAppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import protobufEmpty from "google-protobuf/google/protobuf/empty_pb.js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import type { ProposedRecord, WriteOutcome } from "../record-log.js";
import { expectedRevision } from "./expected-revision.js";
import { streamNameOf } from "./identifiers.js";
import { ProposedEvents } from "./proposed-event.js";
import { invalidArgument } from "./status.js";

export class Batch {
  /** Its client has been told what became of it. */
  answered = false;
  isBeingWritten = false;
  /** Of the requests that it came in. */
  byteLength = 0;
  #events: ProposedEvents | undefined;
  #expected: ExpectedRevision | undefined;

  constructor(
    readonly id: string,
    private readonly correlationId: UUID,
    private readonly options: BatchAppendReq.Options | undefined,
    private readonly maxAppendBytes: number,
  ) {}

  /** @throws RpcError when the batch, or one of the events, cannot be written */
  add(messages: readonly BatchAppendReq.ProposedMessage[]): void {
    if (!this.options) throw invalidArgument("The first message of a batch must hold its options.");
    this.#expected ??= expectedRevision(this.options);
    this.#events ??= new ProposedEvents(streamNameOf(this.options.getStreamIdentifier()), this.maxAppendBytes);
    for (const message of messages) this.#events.add(message);
  }

  /** What to write; to be asked for after `add`. */
  get write(): { streamName: string; records: readonly ProposedRecord[]; expected: ExpectedRevision } {
    const { streamName, records } = this.#events!;
    return { streamName, records, expected: this.#expected! };
  }

  failed(error: Status): BatchAppendResp {
    return this.#answer().setError(error);
  }

  written({ revision, position }: Extract<WriteOutcome, { kind: "written" }>): BatchAppendResp {
    const success = new streams.BatchAppendResp.Success();
    if (revision === undefined) success.setNoStream(new protobufEmpty.Empty());
    else success.setCurrentRevision(String(revision));
    if (position === undefined) success.setNoPosition(new protobufEmpty.Empty());
    else {
      const at = String(position);
      success.setPosition(new shared.AllStreamPosition().setCommitPosition(at).setPreparePosition(at));
    }
    return this.#answer().setSuccess(success);
  }

  #answer(): BatchAppendResp {
    const answer = new streams.BatchAppendResp().setCorrelationId(this.correlationId);
    // Clients read it without looking whether it is there.
    answer.setStreamIdentifier(this.options?.getStreamIdentifier() ?? new shared.StreamIdentifier());
    if (this.#expected === "no_stream") answer.setNoStream(new protobufEmpty.Empty());
    else if (this.#expected === "any") answer.setAny(new protobufEmpty.Empty());
    else if (this.#expected === "stream_exists") answer.setStreamExists(new protobufEmpty.Empty());
    else if (this.#expected !== undefined) answer.setStreamPosition(String(this.#expected));
    return answer;
  }
}
