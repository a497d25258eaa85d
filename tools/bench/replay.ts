/** Rebuild and observer catch-up over generated history, next to the decode floor and SQLite alone. */

import { join } from "node:path";
import Database from "better-sqlite3";
import {
  application,
  byCorrelationId,
  DomainEvent,
  Observer,
  openSqliteEventStore,
  Projection,
  Projects,
  Rollcall,
  whenever,
} from "../../src/index.js";
import { manyKeys, writeHistory } from "./history.js";
import { interleaved, peakMiB, rate } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";

class Opened extends DomainEvent("bench.Opened") {
  readonly customer!: string;
  readonly amount!: number;
}
class Changed extends DomainEvent("bench.Changed") {
  readonly amount!: number;
  readonly status!: string;
}
class Paid extends DomainEvent("bench.Paid") {
  readonly amount!: number;
}
class Shipped extends DomainEvent("bench.Shipped") {
  readonly address!: { readonly city: string };
}
class Closed extends DomainEvent("bench.Closed") {
  readonly number!: number;
}

interface Account {
  readonly customer: string;
  readonly status: string;
  readonly total: number;
  readonly paid: number;
  readonly city: string;
  readonly events: number;
}
const none: Account = { customer: "", status: "new", total: 0, paid: 0, city: "", events: 0 };

@Projection<Account>({ name: "bench-accounts", version: 1, key: byCorrelationId, indexes: ["status"] })
class Accounts {
  @Projects(Opened)
  opened({ customer, amount }: Opened, row: Account = none): Account {
    return { ...row, customer, total: row.total + amount, events: row.events + 1 };
  }
  @Projects(Changed)
  changed({ amount, status }: Changed, row: Account = none): Account {
    return { ...row, status, total: row.total + amount, events: row.events + 1 };
  }
  @Projects(Paid)
  paid({ amount }: Paid, row: Account = none): Account {
    return { ...row, paid: row.paid + amount, events: row.events + 1 };
  }
  @Projects(Shipped)
  shipped({ address }: Shipped, row: Account = none): Account {
    return { ...row, city: address.city, events: row.events + 1 };
  }
  @Projects(Closed)
  closed(_: Closed, row: Account = none): Account {
    return { ...row, status: "closed", events: row.events + 1 };
  }
}

@Observer({ name: "bench-payments", version: 1 })
class Payments {
  readonly payment = whenever(Opened).expect(Paid).within({ hours: 1 }).unless("bench.Cancelled");
}

const bench = application({ domains: [], projections: [Accounts], observers: [Payments] });

const fullSize = 1_000_000;

interface Replay {
  readonly readModel: string;
  readonly title: string;
  readonly keys?: number;
  readonly goal?: number;
}

async function replay({ readModel, title, keys = manyKeys, goal }: Replay, options: PartOptions): Promise<Figure[]> {
  const { folder, runs, scale } = options;
  const count = Math.round(fullSize * scale);
  const file = join(folder, `${readModel}.sqlite`);
  const store = await openSqliteEventStore({ file });
  await writeHistory(store, count, keys);
  await store.close();
  const rollcall = await Rollcall.open(bench, { store: file, readModels: join(folder, `${readModel}-rows.sqlite`) });
  const peakBefore = peakMiB();
  const figures = await interleaved(runs, {
    rebuild: () => rate(count, () => rollcall.rebuild(readModel)),
    decode: () => decodeFloor(file, count),
    sqlite: () => rate(count, () => sqliteAlone(file)),
  });
  await rollcall.stop();
  const name = `${title}, ${count.toLocaleString("en")} events, ${keys.toLocaleString("en")} keys`;
  return [
    {
      figure: name,
      unit: "events/s",
      ...figures.rebuild,
      floor: { what: "JSON.parse of the same data", ...figures.decode },
      goal,
      peakMiB: peakMiB(),
    },
    {
      figure: `${title}: SQLite alone, stepping over the rows`,
      unit: "events/s",
      ...figures.sqlite,
      peakMiB: peakBefore,
    },
  ];
}

/** The data and metadata of every event, in memory as text, parsed one by one. A slice at a time, so that memory stays flat. */
async function decodeFloor(file: string, count: number): Promise<number> {
  const db = new Database(file, { readonly: true });
  const slice = db.prepare("SELECT data, metadata FROM event WHERE position > ? ORDER BY position LIMIT 50000").raw();
  let spentMs = 0;
  for (let from = 0; from < count; from += 50_000) {
    const rows = slice.all(from) as [string, string][];
    const started = performance.now();
    for (const [data, metadata] of rows) {
      JSON.parse(data);
      JSON.parse(metadata);
    }
    spentMs += performance.now() - started;
  }
  db.close();
  return (count / spentMs) * 1_000;
}

function sqliteAlone(file: string): void {
  const db = new Database(file, { readonly: true });
  db.prepare("SELECT sum(length(data) + length(stream) + revision) FROM event NOT INDEXED").get();
  db.close();
}

const rebuild = { readModel: "bench-accounts", title: "rebuild of a keyed read model", goal: 0.5 };
const observer = { readModel: "bench-payments", title: "observer catch-up" };
/** The same keys for a quarter of the history and for all of it: the peak must be the same. */
const memory = { readModel: "bench-accounts", title: "rebuild, for its memory", keys: 25_000 };

export const replayParts: readonly Part[] = [
  { name: "rebuild", title: rebuild.title, run: (options) => replay(rebuild, options) },
  { name: "observer", title: observer.title, run: (options) => replay(observer, options) },
  {
    name: "memory-quarter",
    title: "rebuild of a quarter of the history",
    run: (options) => replay(memory, { ...options, scale: options.scale / 4 }),
  },
  { name: "memory-whole", title: "rebuild of the whole history", run: (options) => replay(memory, options) },
];
