/** Whatever happens to snapshots, processes, versions and the log: with them every command ends as it does without. */

import { expect } from "chai";
import fc from "fast-check";
import { CommandBus, MemoryEventStore, type AnyCommand, type RecordedEvent } from "../../src/index.js";
import type { Model } from "../../src/model/index.js";
import { ManualClock } from "../../src/testing/index.js";
import { runs } from "../runs.js";
import { book, KeptSnapshots, ledger, pay, ReadingStore, reword, tell, type Declared } from "./ledger.js";

type Step =
  | { readonly what: "command"; readonly process: number; readonly command: AnyCommand; readonly commandId: string }
  | { readonly what: "deploy"; readonly process: number; readonly declared: Declared }
  | { readonly what: "foreign"; readonly streamName: string; readonly amount: number }
  /** All snapshots of the step before which there were so many, or none at all. */
  | { readonly what: "recall"; readonly back: number }
  | { readonly what: "damage"; readonly at: number }
  | { readonly what: "restore"; readonly part: number };

const aggregateId = fc.constantFrom("1", "2");
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      what: fc.constant("command" as const),
      process: fc.nat({ max: 1 }),
      command: fc.oneof(
        fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 3 }), aggregateId).map((args) => book(...args)),
        fc.tuple(fc.integer({ min: 1, max: 9 }), aggregateId).map((args) => pay(...args)),
        fc.tuple(fc.constantFrom("", "a", "b"), aggregateId).map((args) => reword(...args)),
        aggregateId.map(tell),
      ),
      // Few enough to come again, also with another payload.
      commandId: fc.nat({ max: 30 }).map(String),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("deploy" as const),
      process: fc.nat({ max: 1 }),
      declared: fc.record({
        version: fc.integer({ min: 1, max: 2 }),
        every: fc.integer({ min: 1, max: 4 }),
        unit: fc.constantFrom(1, 100),
        bonus: fc.constantFrom(0, 500),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("foreign" as const),
      streamName: aggregateId.map((id) => `book-${id}`),
      amount: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("recall" as const), back: fc.nat({ max: 10 }) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("damage" as const), at: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("restore" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  },
);

/** Two processes over one log, with snapshots in common or without any. */
class Run {
  readonly buses: CommandBus[] = [];
  private readonly models: Model[] = [];
  private store: ReadingStore;
  private read = 0;
  private readonly past: ReadonlyMap<string, string>[] = [];

  constructor(
    private readonly clock: ManualClock,
    private readonly snapshots: KeptSnapshots | undefined,
  ) {
    this.store = new ReadingStore(new MemoryEventStore({ clock, storeId: "log" }));
    for (const process of [0, 1]) this.deploy(process, ledger());
  }

  get eventsRead(): number {
    return this.read + this.store.eventsRead;
  }

  deploy(process: number, model: Model): void {
    const { clock, snapshots, store } = this;
    const onError = () => {};
    this.models[process] = model;
    this.buses[process] = new CommandBus(model, store, { clock, snapshots, onError });
  }

  async dispatch({ process, command, commandId }: Extract<Step, { what: "command" }>): Promise<unknown> {
    const bus = this.buses[process]!;
    const outcome = await bus
      .dispatch(command, { commandId })
      .catch((error: Error) => `${error.name}: ${error.message}`);
    await bus.settled();
    if (this.snapshots) this.past.push(new Map(this.snapshots.texts));
    return outcome;
  }

  async foreign(streamName: string, amount: number, id: string): Promise<void> {
    await this.store.append(streamName, [{ id, type: "ledger.Booked", data: { amount } }], { expectedRevision: "any" });
  }

  recall(back: number): void {
    if (!this.snapshots) return;
    this.snapshots.texts.clear();
    for (const [key, text] of this.past.at(-back - 1) ?? []) this.snapshots.texts.set(key, text);
  }

  damage(at: number): void {
    for (const [key, text] of this.snapshots?.texts ?? []) {
      const place = at % text.length;
      const other = text[place] === "1" ? "2" : "1";
      this.snapshots!.texts.set(key, text.slice(0, place) + other + text.slice(place + 1));
    }
  }

  /** The log as it once was, in the same place; time goes on. */
  async restore(part: number): Promise<void> {
    const events = await this.events();
    this.read += this.store.eventsRead;
    const clock = new ManualClock();
    const inner = new MemoryEventStore({ clock, storeId: "log" });
    for (const { id, streamName, type, data, metadata, recordedAtMs } of events.slice(
      0,
      Math.floor(part * events.length),
    )) {
      await clock.advance(recordedAtMs - clock.now());
      await inner.append(streamName, [{ id, type, data, metadata }], { expectedRevision: "any" });
    }
    await clock.advance(this.clock.now() - clock.now());
    this.store = new ReadingStore(inner);
    for (const process of [0, 1]) this.deploy(process, this.models[process]!);
    this.restored = clock;
  }

  private restored: ManualClock | undefined;

  /** A restored log has a clock of its own, that keeps up with the other. */
  async tick(): Promise<void> {
    await this.restored?.advance(1);
  }

  async events(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const page of this.store.readLog()) events.push(...page);
    return events;
  }
}

const asRecorded = ({ id, streamName, type, revision, position, data, metadata }: RecordedEvent) => [
  id,
  streamName,
  type,
  revision,
  position,
  data,
  metadata,
];

describe("any history with snapshots", () => {
  it("ends, command by command, as without; with the same log, and less to read", async function () {
    this.timeout(600_000);
    let [read, plainly] = [0, 0];
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 60, size: "max" }), async (steps) => {
        const clock = new ManualClock();
        const snapshots = new KeptSnapshots();
        const [kept, plain] = [new Run(clock, snapshots), new Run(clock, undefined)];
        for (const [i, step] of steps.entries()) {
          await clock.advance(1);
          for (const run of [kept, plain]) await run.tick();
          if (step.what === "command")
            expect(await kept.dispatch(step), `step ${i}`).to.deep.equal(await plain.dispatch(step));
          else
            for (const run of [kept, plain]) {
              if (step.what === "deploy") run.deploy(step.process, ledger(step.declared));
              else if (step.what === "foreign") await run.foreign(step.streamName, step.amount, `foreign-${i}`);
              else if (step.what === "recall") run.recall(step.back);
              else if (step.what === "damage") run.damage(step.at);
              else await run.restore(step.part);
            }
        }
        expect((await kept.events()).map(asRecorded)).to.deep.equal((await plain.events()).map(asRecorded));
        read += kept.eventsRead;
        plainly += plain.eventsRead;
      }),
      { numRuns: runs(150, 5_000) },
    );
    expect(read, "events read with snapshots").to.be.below(plainly);
  });
});
