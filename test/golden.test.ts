/**
 * Histories and the flags that a released version raised over them: every later version raises the same, ids included.
 * `ROLLCALL_WRITE_GOLDEN=1` writes those of the present version where there are none; what is there is never written again.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { FedObserver } from "./observer/feed.js";
import { anyFull, anyFullTerms } from "./oracle/arbitrary.js";
import type { LogRecord, SlotTerms } from "./oracle/records.js";

interface GoldenFlag {
  readonly stream: string;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
}

interface Golden {
  readonly terms: readonly SlotTerms[];
  readonly log: readonly LogRecord[];
  readonly flags: readonly GoldenFlag[];
}

const folder = "test/golden";
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

async function replayed(terms: readonly SlotTerms[], log: readonly LogRecord[]): Promise<GoldenFlag[]> {
  const fed = await FedObserver.open(terms);
  await fed.handle(log);
  await fed.flush();
  const flags: GoldenFlag[] = [];
  for await (const page of fed.store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
    flags.push(...page.map(({ streamName: stream, id, type, data }) => ({ stream, id, type, data })));
  await fed.readModels.close();
  // By stream and place: which case is recorded first is nobody's concern.
  return flags.toSorted((a, b) => (a.stream < b.stream ? -1 : a.stream > b.stream ? 1 : 0));
}

/** Random histories of the present version, until every kind of flag is among them. */
async function write(file: string): Promise<void> {
  const kinds = new Set<string>();
  const histories: Golden[] = [];
  const samples = fc.sample(anyFull(anyFullTerms(), 40), { seed: 20_261_127, numRuns: 3_000 });
  for (const [terms, log] of samples) {
    const plain = JSON.parse(JSON.stringify({ terms, log })) as Pick<Golden, "terms" | "log">;
    const flags = await replayed(plain.terms, plain.log);
    const isNew = flags.some(({ type }) => !kinds.has(type));
    for (const { type } of flags) kinds.add(type);
    if (isNew || (flags.length > 4 && histories.length < 24)) histories.push({ ...plain, flags });
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `[\n${histories.map((history) => JSON.stringify(history)).join(",\n")}\n]\n`);
}

describe("golden histories", function () {
  this.timeout(120_000);

  before(async () => {
    const file = join(folder, `${version}.json`);
    if (process.env["ROLLCALL_WRITE_GOLDEN"] === "1" && !existsSync(file)) await write(file);
  });

  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

  for (const name of files)
    it(`of version ${name.replace(/\.json$/, "")} give the flags that they gave then, with the same ids`, async () => {
      const histories = JSON.parse(readFileSync(join(folder, name), "utf8")) as Golden[];
      const kinds = new Set(histories.flatMap(({ flags }) => flags.map(({ type }) => type)));
      expect(kinds.size, "kinds of flags").to.equal(14);
      for (const [i, { terms, log, flags }] of histories.entries())
        expect(await replayed(terms, log), `history ${i}`).to.deep.equal(flags);
    });

  it("are there for this version", () => expect(files).to.include(`${version}.json`));
});
