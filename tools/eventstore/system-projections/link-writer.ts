/** Writes the links of one projection, each once: the streams of a batch at the same time, each stream in order. */

import { LRUCache } from "lru-cache";
import { randomId } from "../../../src/message/ids.js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import type { LogRecord, ProposedRecord, RecordLog } from "../record-log.js";
import { metadataType, metastreamOf } from "../stream-names.js";
import type { Definition } from "./definitions.js";
import { ProjectionOutputRefused } from "./errors.js";
import { linkRecord, originOf, type Version } from "./link-record.js";

/** Streams whose end is remembered. The end of any other is looked up. */
const rememberedStreams = 20_000;

/** Others may write to the same stream; but not as often as this between two attempts. */
const attempts = 100;

export class LinkWriter {
  readonly #ends = new LRUCache<string, ExpectedRevision>({ max: rememberedStreams });
  /** For streams written to after the checkpoint: the last event whose link is there. */
  readonly #linked = new Map<string, number>();

  constructor(
    private readonly log: RecordLog,
    private readonly definition: Definition,
    private readonly version: Version,
  ) {}

  /** Has to be told, before the first `write`, of every record after the checkpoint that `isOutput`. */
  recall(record: LogRecord): void {
    const { projection, epoch, position } = originOf(record) ?? {};
    if (projection !== this.definition.id || epoch !== this.version.epoch || position === undefined) return;
    this.#linked.set(record.streamName, Math.max(position, this.#linked.get(record.streamName) ?? 0));
  }

  readonly isOutput = ({ streamName, type }: Pick<LogRecord, "streamName" | "type">): boolean =>
    streamName.startsWith(this.definition.output) && (type === "$>" || type === "$@");

  /**
   * Durable once it resolves. When it throws, some streams may have their links and others not.
   * @throws ProjectionOutputRefused, StoreUnavailable
   */
  async write(sources: readonly LogRecord[]): Promise<void> {
    const links = new Map<string, ProposedRecord[]>();
    for (const source of sources) {
      const link = this.definition.linkOf(source);
      if (!link || source.position <= (this.#linked.get(link.streamName) ?? 0)) continue;
      const record = linkRecord(this.log.id, this.definition, this.version, source, link);
      const others = links.get(link.streamName);
      if (others) others.push(record);
      else links.set(link.streamName, [record]);
    }
    // All of them are waited for, so that nothing is written any more after this has thrown.
    const outcomes = await Promise.allSettled([...links].map(([name, records]) => this.#append(name, records)));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #append(streamName: string, links: readonly ProposedRecord[]): Promise<void> {
    let expected = this.#ends.get(streamName) ?? (await this.#endOf(streamName));
    for (let attempt = 0; attempt < attempts; attempt++) {
      const outcome = await this.log.append(streamName, links, expected);
      if (outcome.kind === "written") {
        this.#ends.set(streamName, outcome.revision ?? "no_stream");
        return;
      }
      if (outcome.kind === "streamDeleted")
        throw new ProjectionOutputRefused(this.definition.name, streamName, "it was deleted for good.");
      // Somebody else writes to it, or its last events were truncated. Our own links are known all the same.
      expected = outcome.current ?? "no_stream";
    }
    throw new ProjectionOutputRefused(this.definition.name, streamName, `others wrote to it ${attempts} times.`);
  }

  async #endOf(streamName: string): Promise<ExpectedRevision> {
    const page = this.log.readStream(streamName, "backwards", "end", 1);
    const last = page.kind === "records" ? page.records[0] : undefined;
    if (!last) return "no_stream";
    const origin = originOf(last);
    if (origin?.projection === this.definition.id && origin.epoch < this.version.epoch)
      await this.#truncate(streamName, last.revision + 1n);
    return last.revision;
  }

  /** After a reset the links of before are hidden, and the numbering goes on. */
  async #truncate(streamName: string, before: bigint): Promise<void> {
    const data = Buffer.from(`{"$tb":${before}}`);
    const event = { id: randomId(), type: metadataType, contentType: "application/json", data, metadata: Buffer.of() };
    await this.log.append(metastreamOf(streamName), [event], "any");
  }
}
