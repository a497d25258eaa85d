/** The read models as a thread of a rebuild has them: what it commits goes to the main thread, which alone writes. */

import type { MessagePort } from "node:worker_threads";
import type { Commit, Generation, ReadModelStore, Row } from "../../projection/index.js";
import { encodeRows, type EncodedRow } from "../../projection/row-encoding.js";
import type { Lease } from "../../subscription/index.js";
import type { FromThread, RowBatch } from "./messages.js";

const rowsPerBatch = 5_000;
/** In UTF-16 code units. */
const textPerBatch = 4 << 20;

export class HandingOver implements Pick<ReadModelStore, "rows" | "commit"> {
  private handed: Promise<void> = Promise.resolve();
  private written: () => void = () => {};
  private readModels: Promise<ReadModelStore> | undefined;

  /** @param open opens the read models to look at rows that were handed over and forgotten since */
  constructor(
    private readonly port: MessagePort,
    private readonly open: () => Promise<ReadModelStore>,
  ) {}

  /** One commit is handed over while the next one is folded. @throws InvalidRow */
  async commit(generation: Generation, _: Lease, { rows }: Commit): Promise<void> {
    const encoded = await encodeRows(generation.name, rows);
    await this.handed;
    this.handed = this.handOver(encoded);
  }

  async rows(generation: Generation, keys: readonly string[]): Promise<Map<string, Row>> {
    await this.handed;
    return (await (this.readModels ??= this.open())).rows(generation, keys);
  }

  /** The batch that was sent last is committed. */
  acknowledge(): void {
    this.written();
  }

  /** Resolves when everything is committed, and what was opened is closed. */
  async close(): Promise<void> {
    await this.handed;
    await (await this.readModels)?.close();
  }

  private async handOver(encoded: readonly EncodedRow[]): Promise<void> {
    for (const batch of batchesOf(encoded)) {
      const written = new Promise<void>((resolve) => (this.written = resolve));
      this.port.postMessage({ kind: "rows", ...batch } satisfies FromThread);
      await written;
    }
  }
}

function* batchesOf(rows: readonly EncodedRow[]): Iterable<RowBatch> {
  let [keys, docs, text]: [string[], (string | undefined)[], number] = [[], [], 0];
  for (const { key, doc } of rows) {
    keys.push(key);
    docs.push(doc);
    text += key.length + (doc?.length ?? 0);
    if (keys.length < rowsPerBatch && text < textPerBatch) continue;
    yield { keys, docs };
    [keys, docs, text] = [[], [], 0];
  }
  if (keys.length > 0) yield { keys, docs };
}
