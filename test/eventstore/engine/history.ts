/** A history that is done to a log and to the model of one, and where the two must be alike. */

import { expect } from "chai";
import type { ExpectedRevision } from "../../../src/store/index.js";
import type { Direction, LogRecord, RecordLog } from "../../../tools/eventstore/record-log.js";
import { allRecords, bytes, event, text } from "./logs.js";
import { ModelLog, type ModelEvent, type ModelMetadata, type ModelOutcome } from "./model-log.js";

/** Relative to the revision that the stream has; a number is taken as it is. */
export type Expectation = "current" | "before" | "beyond" | ExpectedRevision;

export type Write =
  | {
      readonly kind: "append";
      readonly stream: string;
      readonly expected: Expectation;
      /** So many new ones; or ids that may be known already, in this stream or another. */
      readonly ids: number | readonly number[];
    }
  | {
      readonly kind: "metadata";
      readonly stream: string;
      readonly expected: Expectation;
      readonly metadata: ModelMetadata;
    }
  | { readonly kind: "delete" | "tombstone"; readonly stream: string; readonly expected: Expectation }
  /** The append of so many appends ago, with the same expectation or another. */
  | { readonly kind: "again"; readonly ago: number; readonly expected: Expectation | undefined };

interface Append {
  readonly streamName: string;
  readonly events: readonly ModelEvent[];
  readonly expected: ExpectedRevision;
}

export class History {
  private readonly model = new ModelLog();
  private readonly appends: Append[] = [];
  private newIds = 0;

  constructor(
    private readonly log: RecordLog,
    /** What the log held before. */
    private readonly start: number,
    private readonly prefix: string,
    private readonly now: () => number,
  ) {}

  /** In one turn, so that they become one transaction. */
  async perform(writes: readonly Write[]): Promise<void> {
    const both = writes.map((write) => this.performOne(write));
    for (const { real, model } of both) {
      const outcome = await real;
      expect(outcome).to.deep.equal(
        model.kind === "written" && model.position !== undefined
          ? { ...model, position: model.position + this.start }
          : model,
      );
    }
  }

  private performOne(write: Write): { real: Promise<unknown>; model: ModelOutcome } {
    const { log, model } = this;
    if (write.kind === "again") {
      const past = this.appends.at(-write.ago);
      if (!past) return this.append({ streamName: this.name("a"), events: [], expected: "any" });
      const expected = write.expected === undefined ? past.expected : this.expected(past.streamName, write.expected);
      return this.append({ ...past, expected });
    }
    const streamName = this.name(write.stream);
    if (write.kind === "append") {
      const ids = typeof write.ids === "number" ? Array.from({ length: write.ids }, () => this.newIds++) : write.ids;
      const events = ids.map((id) => ({ id: `${this.prefix}${id}`, type: id % 3 === 0 ? "$streamDeleted" : "t" }));
      return this.append({ streamName, events, expected: this.expected(streamName, write.expected) });
    }
    if (write.kind === "metadata") {
      const metastream = `$$${streamName}`;
      const events = [{ id: `${this.prefix}${this.newIds++}`, type: "$metadata", metadata: write.metadata }];
      return this.append({ streamName: metastream, events, expected: this.expected(metastream, write.expected) });
    }
    const expected = this.expected(streamName, write.expected);
    return {
      real: log[write.kind](streamName, expected),
      model: model[write.kind](streamName, expected, this.now()),
    };
  }

  private append(append: Append): { real: Promise<unknown>; model: ModelOutcome } {
    const { streamName, events, expected } = append;
    this.appends.push(append);
    const proposed = events.map(({ id, type, metadata }) => event({ id, type, data: bytes(textOf(metadata)) }));
    return {
      real: this.log.append(streamName, proposed, expected),
      model: this.model.append(streamName, events, expected, this.now()),
    };
  }

  private expected(streamName: string, expectation: Expectation): ExpectedRevision {
    if (typeof expectation === "bigint") return expectation;
    if (expectation === "any" || expectation === "no_stream" || expectation === "stream_exists") return expectation;
    const present = this.model.records.filter(
      (record) => record.streamName === streamName && record.revision < 2n ** 62n,
    );
    const revision = BigInt(present.length - 1 + { before: -1, current: 0, beyond: 1 }[expectation]);
    return revision < 0n ? "no_stream" : revision;
  }

  checkStreams({ from, limit }: { from: bigint | "start" | "end"; limit: number }): void {
    for (const streamName of ["a", "b", "$$a", "$$b", "$$$$a"].map((name) => this.name(name))) {
      const visible = this.model.visible(streamName, this.now());
      for (const direction of ["forwards", "backwards"] as const) {
        const page = this.log.readStream(streamName, direction, from, limit);
        if (typeof visible === "string") {
          expect(page).to.deep.equal({ kind: visible });
          continue;
        }
        const wanted = this.inDirection(streamName, visible, direction, from);
        expect(page.kind).to.equal("records");
        if (page.kind !== "records") continue;
        expect(page.records.map(({ position }) => position - this.start)).to.deep.equal(wanted.slice(0, limit));
        expect(page.complete).to.equal(wanted.length <= limit);
      }
      // Links lead to what can be seen, and to nothing else.
      for (const [i, { revision }] of this.model.records.entries()) {
        if (this.model.records[i]!.streamName !== streamName) continue;
        const resolved = this.log.resolve({ ...link, data: bytes(`${revision}@${streamName}`) });
        expect(resolved?.position).to.equal(visible.includes((i + 1) as never) ? i + 1 + this.start : undefined);
      }
    }
  }

  private inDirection(streamName: string, visible: number[], direction: Direction, from: bigint | "start" | "end") {
    const revisionAt = (position: number) => this.model.records[position - 1]!.revision;
    if (direction === "forwards")
      return visible.filter((position) => from === "start" || (from !== "end" && revisionAt(position) >= from));
    return visible
      .filter((position) => from === "end" || revisionAt(position) <= (from === "start" ? 0n : from))
      .reverse();
  }

  /** The whole log, both ways and through a filter. */
  checkLog(limit: number): void {
    const { records } = this.model;
    const wanted = records.map((record, i) => ({
      position: this.start + i + 1,
      streamName: record.streamName,
      revision: record.revision,
      type: record.type,
      recordedAtMs: record.recordedAtMs,
    }));
    const found = allRecords(this.log, "forwards", this.start);
    expect(
      found.map(({ position, streamName, revision, type, recordedAtMs }) => ({
        position,
        streamName,
        revision,
        type,
        recordedAtMs,
      })),
    ).to.deep.equal(wanted);
    for (const [i, { id, metadata }] of records.entries()) {
      if (id !== undefined) expect(found[i]!.id).to.equal(id);
      // As numbers 2^63 - 1 and its neighbours are alike: what they mean was checked above.
      if (metadata && metadata !== "malformed")
        expect(JSON.parse(text(found[i]!.data))).to.deep.equal(JSON.parse(textOf(metadata)));
    }
    for (const direction of ["forwards", "backwards"] as const) {
      const seen: LogRecord[] = [];
      let considered = 0;
      for (let from = direction === "forwards" ? this.start : Infinity; ;) {
        const page = this.log.readAll(
          direction,
          from,
          limit,
          ({ streamName, type }) => streamName !== this.name("a") && type !== "t",
        );
        const inHistory = page.records.filter(({ position }) => position > this.start);
        seen.push(...inHistory);
        considered += page.considered;
        from = page.through;
        if (page.complete || from <= this.start + (direction === "backwards" ? 1 : -1)) break;
      }
      const positions = wanted
        .filter(({ streamName, type }) => streamName !== this.name("a") && type !== "t")
        .map(({ position }) => position);
      expect(seen.map(({ position }) => position)).to.deep.equal(
        direction === "forwards" ? positions : positions.reverse(),
      );
      if (direction === "forwards") expect(considered).to.equal(records.length);
    }
    expect(this.log.head()).to.equal(this.start + records.length);
  }

  private name(stream: string): string {
    const dollars = /^\$*/.exec(stream)![0];
    return `${dollars}${this.prefix}${stream.slice(dollars.length)}`;
  }
}

function textOf(metadata: ModelMetadata | undefined): string {
  if (metadata === undefined) return "{}";
  if (metadata === "malformed") return '{"$tb":1,';
  const members = Object.entries(metadata).map(
    ([key, value]) => `"${key}":${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
  );
  return `{${members.join(" , ")}}`;
}

const link: LogRecord = {
  position: 1,
  streamName: "links",
  revision: 0n,
  id: "link",
  type: "$>",
  recordedAtMs: 0,
  contentType: "application/octet-stream",
  data: new Uint8Array(),
  metadata: new Uint8Array(),
};
