import { expect } from "chai";
import {
  Fenced,
  HandlingFailed,
  MemoryEventStore,
  type GenerationWriter,
  type ReadModelStore,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import type { LogRecord, SlotTerms } from "../oracle/records.js";
import { observerOf, plainTerms, recordedEvent } from "./feed.js";

const event = (position: number, type: string, recordedAtMs: number, data = {}): LogRecord => ({
  id: `${type}-${position}`,
  type,
  correlationId: "k",
  position,
  recordedAtMs,
  data,
});

describe("an observer that was frozen while another took over", () => {
  let clock: ManualClock;
  let store: MemoryEventStore;
  let readModels: ReadModelStore;

  const open = async (holder: string, terms: SlotTerms): Promise<GenerationWriter> => {
    const lease = await readModels.acquire("read-model:watch", holder, 1_000);
    const readModel = observerOf([terms]);
    const generation = await readModels.openActive(readModel.declaration, lease!);
    const { signal } = new AbortController();
    const fail = (error: unknown) => expect.fail(String(error));
    return readModel.open({ generation, lease: lease!, mode: "rebuild", readModels, store, signal, fail });
  };
  const handle = async (writer: GenerationWriter, ...records: readonly LogRecord[]) => {
    await writer.handle(records.map(recordedEvent));
    await writer.flush();
  };
  const failureOf = (done: Promise<unknown>) =>
    done.then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(async () => {
    clock = new ManualClock();
    store = new MemoryEventStore();
    readModels = await openSqliteReadModelStore({ file: ":memory:", clock });
  });
  afterEach(() => readModels.close());

  it("raises no flag that follows from what the other has made of a case", async () => {
    const terms: SlotTerms = { ...plainTerms, closeAfterMs: 5, forgetAfterMs: 5, max: 1 };
    const frozen = await open("frozen", terms);
    await handle(frozen, { ...event(0, "a", 0), correlationId: "other" });
    await clock.advance(2_000);
    const other = await open("other", terms);
    // The case is closed, forgotten, and begins anew: of what was before, nothing is remembered.
    await handle(other, event(1, "a", 1), event(2, "b", 2), event(3, "a", 40), event(4, "b", 41));
    expect(await failureOf(handle(frozen, event(1, "a", 1), event(2, "b", 2)))).to.be.instanceOf(Fenced);
    const flags: string[] = [];
    for await (const page of store.readLog())
      flags.push(...page.map(({ type, data }) => `${type} ${JSON.stringify(data)}`));
    expect(flags.filter((flag) => flag.includes('"case":"k"'))).to.deep.equal([]);
  });

  it("does not stop at what only rows of the other make impossible", async () => {
    const terms: SlotTerms = { ...plainTerms, min: "data.n" };
    const frozen = await open("frozen", terms);
    await handle(frozen, { ...event(0, "a", 0, { n: 1 }), correlationId: "other" });
    const failure = event(1, "a", 1, { n: "many" });
    expect(await failureOf(handle(frozen, failure))).to.be.instanceOf(HandlingFailed);
    await clock.advance(2_000);
    await open("other", terms);
    expect(await failureOf(handle(frozen, failure))).to.be.instanceOf(Fenced);
  });
});
