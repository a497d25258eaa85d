/** A subscription below the official client, and what it was sent, in words. */

import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type { ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { until } from "../../until.js";
import { nameIn, readRequest, subscription, type Change } from "./raw.js";

export class Following {
  /** "confirmation", "caught up", "<revision>@<stream>", "checkpoint <position>". */
  readonly told: string[] = [];
  error: ServiceError | undefined;
  readonly #call: ClientReadableStream<ReadResp>;

  constructor(client: IStreamsClient, ...changes: Change[]) {
    this.#call = client.read(readRequest(subscription, ...changes));
    this.#call.on("data", (answer: ReadResp) => this.told.push(inWords(answer)));
    this.#call.on("error", (error: ServiceError) => (this.error = error));
  }

  get events(): string[] {
    return this.told.filter((each) => each.includes("@"));
  }

  get checkpoints(): number[] {
    return this.told.flatMap((each) => (each.startsWith("checkpoint") ? [Number(each.split(" ")[1])] : []));
  }

  async tells(what: string): Promise<void> {
    await until(`it is told ${what}`, () => this.told.includes(what) || this.error !== undefined);
  }

  async has(events: number): Promise<void> {
    await until(`it has ${events} events`, () => this.events.length >= events || this.error !== undefined);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function inWords(answer: ReadResp): string {
  if (answer.hasConfirmation()) return "confirmation";
  if (answer.hasCaughtUp()) return "caught up";
  if (answer.hasCheckpoint()) return `checkpoint ${answer.getCheckpoint()!.getCommitPosition()}`;
  const read = answer.getEvent();
  const event = read?.getEvent() ?? read?.getLink();
  if (!event) return `unexpected: ${JSON.stringify(answer.toObject())}`;
  return `${event.getStreamRevision()}@${nameIn(event.getStreamIdentifier()!)}`;
}
