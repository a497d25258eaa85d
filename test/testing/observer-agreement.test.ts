/** A story of an observer raises the flags that the observer at work records, whatever happens in whatever order. */

import { expect } from "chai";
import fc from "fast-check";
import {
  flagTypePrefix,
  MemoryEventStore,
  Observer,
  ObserverReadModel,
  tickType,
  whenever,
  type FlagData,
  type FlagKind,
  type RecordedEvent,
} from "../../src/index.js";
import { roleOf } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { Recording, type GivenEvent } from "../../src/testing/given/recording.js";
import { observer } from "../../src/testing/index.js";

const terms = () => ({
  paid: whenever("A").expect("B").within({ seconds: 5 }).once().unless("C"),
  sent: whenever("B").expect("D").within({ seconds: 3 }),
});

@Observer({ name: "recorded-time", version: 1 })
class RecordedTime {
  readonly paid = terms().paid;
  readonly sent = terms().sent;
}

@Observer({ name: "business-time", version: 1, timeBase: "occurred", lateness: { seconds: 4 } })
class BusinessTime {
  readonly paid = terms().paid;
  readonly sent = terms().sent;
}

@Observer({ name: "live-business-time", version: 1, timeBase: "occurred", live: true })
class LiveBusinessTime {
  readonly paid = terms().paid;
  readonly sent = terms().sent;
}

type Step = { readonly wait: number } | GivenEvent;

const event = fc.record({
  event: fc.constantFrom("A", "A", "A", "B", "B", "C", "D", "X"),
  correlationId: fc.constantFrom("1", "1", "1", "2", "2", undefined),
  occurredAt: fc.integer({ min: -6, max: 3 }).map((seconds) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000)),
  imported: fc.nat({ max: 4 }).map((dice) => dice === 0),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ wait: fc.nat({ max: 8 }) }),
    event,
    event.map(({ event, correlationId }) => ({ event, correlationId })),
  ),
  { minLength: 4, maxLength: 20, size: "max" },
);

/** The flags that the observer at work records, case by case. */
async function recordedFlags(type: new () => object, history: readonly Step[]): Promise<object[]> {
  const store = new MemoryEventStore();
  const readModels = await openSqliteReadModelStore({ file: ":memory:" });
  const readModel = new ObserverReadModel({ type, role: roleOf(type)!, uses: [] });
  const lease = (await readModels.acquire("test", "test", 60_000))!;
  const generation = await readModels.openActive(readModel.declaration, lease);
  const { signal } = new AbortController();
  const fail = (error: unknown) => {
    throw error;
  };
  const writer = await readModel.open({ generation, lease, mode: "rebuild", readModels, store, signal, fail });
  const recording = new Recording();
  const log: RecordedEvent[] = [];
  for (const step of history) {
    if (!("wait" in step)) log.push(recording.record(step));
    else {
      recording.nowMs += step.wait * 1_000;
      log.push(recording.record({ event: tickType, streamName: "rollcall.clock" }));
    }
  }
  const relevant = log.filter(({ type: name }) => readModel.definition.eventTypes.includes(name));
  if (relevant.length > 0) await writer.handle(relevant);
  await writer.flush();
  const flags: object[] = [];
  for await (const page of store.readLog({ filter: { streamPrefixes: [`rollcall.flags-`] } }))
    for (const { type: name, data } of page) {
      const { slot, case: key } = data as FlagData;
      flags.push({ slot, kind: name.slice(flagTypePrefix.length) as FlagKind, case: key });
    }
  await readModels.close();
  return flags;
}

describe("a story of an observer", () => {
  for (const type of [RecordedTime, BusinessTime, LiveBusinessTime])
    it(`agrees with the observer at work: ${type.name}`, async () => {
      let raised = 0;
      await fc.assert(
        fc.asyncProperty(steps, async (history) => {
          const flags = (await recordedFlags(type, history)) as { slot: "paid"; kind: FlagKind; case: string }[];
          raised += flags.length;
          // Streams of flags are appended side by side, so only the order within a case is fixed.
          for (const key of ["1", "2"]) {
            let story = observer<RecordedTime>(type);
            for (const step of history)
              if ("wait" in step) story = story.after({ seconds: step.wait });
              else if (belongs(step, key)) story = story.given(step);
              else story = story.given({ ...(step as object), correlationId: undefined } as GivenEvent);
            story.thenFlags(...flags.filter((flag) => flag.case === key));
          }
        }),
        { numRuns: 60 },
      );
      expect(raised, "flags in all").to.be.greaterThan(20);
    });
});

const belongs = (step: GivenEvent, key: string) => "correlationId" in step && step.correlationId === key;
