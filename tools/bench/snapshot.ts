/** Commands on aggregates of some length, with snapshots and without: load, decide, append one event. */

import { join } from "node:path";
import {
  Aggregate,
  Applies,
  Command,
  CommandBus,
  DomainEvent,
  Handles,
  openSqliteEventStore,
  openSqliteSnapshotStore,
  randomId,
} from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";
import { interleaved, rate } from "./measure.js";
import type { Figure, Part } from "./part.js";

class Enter extends Command("bench.Enter") {}
/** Loads, and leads to nothing. */
class Look extends Command("bench.Look") {}
class Entered extends DomainEvent("bench.Entered") {
  readonly customer!: string;
  readonly amount!: number;
  readonly note!: string;
}

const entered = Entered.of({
  customer: "a customer of some name",
  amount: 12.5,
  note: "a remark of some length ".repeat(6),
});

class Account {
  private total = 0;
  private readonly latest: { readonly amount: number; readonly note: string }[] = [];

  @Handles(Enter)
  enter(_: Enter): Entered {
    return entered;
  }

  @Handles(Look)
  look(_: Look): Entered[] {
    return [];
  }

  @Applies(Entered)
  entered(event: Entered): void {
    this.total += event.amount;
    this.latest.push({ amount: event.amount, note: event.note });
    if (this.latest.length > 10) this.latest.shift();
  }
}

/** How many events an aggregate has, and how many since the last snapshot make another one due. */
const shapes = [
  { length: 5, every: 5 },
  { length: 50, every: 25 },
  { length: 1_000, every: 100 },
];

export const snapshotPart: Part = {
  name: "snapshot",
  title: "commands on aggregates of 5, 50 and 1,000 events, with snapshots and without",
  run: async ({ folder, runs, scale }) => {
    const figures: Figure[] = [];
    for (const { length, every } of shapes) {
      const sides = { kept: await sideOf(folder, length, every), plain: await sideOf(folder, length, undefined) };
      // Few enough that the aggregates hardly grow.
      const commands = Math.ceil(200 * scale);
      const measured = await interleaved(runs, {
        kept: () => rate(commands, () => sides.kept.send(commands)),
        plain: () => rate(commands, () => sides.plain.send(commands)),
      });
      for (const side of Object.values(sides)) await side.close();
      figures.push({
        figure: `load ${length.toLocaleString("en")} events with a snapshot every ${every}, decide, append one`,
        unit: "commands/s",
        ...measured.kept,
        floor: { what: "without", ...measured.plain },
      });
    }
    return figures;
  },
};

/** Many aggregates of the same length, of which each command takes the next one. */
async function sideOf(folder: string, length: number, every: number | undefined) {
  @Aggregate({ name: "account", ...(every && { snapshot: { version: 1, every } }) })
  class OfThisSide extends Account {}

  const name = `${length}-${every ? "kept" : "plain"}`;
  const store = await openSqliteEventStore({ file: join(folder, `${name}.sqlite`) });
  const snapshots = await openSqliteSnapshotStore(join(folder, `${name}-snapshots.sqlite`));
  const model = buildModel({ aggregates: [OfThisSide], reactors: [], projections: [], observers: [], upcasters: [] });
  const bus = new CommandBus(model, store, { snapshots });
  for (let aggregateId = 0; aggregateId < aggregates; aggregateId++) {
    const events = Array.from({ length }, () => ({ id: randomId(), type: Entered.type, data: entered }));
    await store.append(`account-${aggregateId}`, events, { expectedRevision: "no_stream" });
    await bus.dispatch(Look.of({ aggregateId: `${aggregateId}` }));
  }
  await bus.settled();
  let next = 0;
  return {
    send: async (commands: number) => {
      for (let i = 0; i < commands; i++) await bus.dispatch(Enter.of({ aggregateId: `${next++ % aggregates}` }));
      await bus.settled();
    },
    close: async () => {
      await snapshots.close();
      await store.close();
    },
  };
}

const aggregates = 100;
