/** A rebuild over the real log, which nobody wrote with Rollcall: a row a loan application, by every event of it. */

import { join } from "node:path";
import {
  application,
  byAggregateId,
  DomainEvent,
  openSqliteEventStore,
  Projection,
  Projects,
  Rollcall,
  type ApplicationDefinition,
  type EventStore,
} from "../../src/index.js";
import { importXes } from "../import/import-xes.js";
import { realLog } from "./import.js";
import { interleaved, rate } from "./measure.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { decodeFloor, decodeFloorInWords, inWords } from "./replay.js";

interface Loan {
  readonly events: number;
  readonly last: string;
  readonly resources: number;
}
const none: Loan = { events: 0, last: "", resources: 0 };
const loans = "bench-loans";
const logIn = (folder: string) => join(folder, "loans.sqlite");

async function prepare({ folder }: PartOptions): Promise<void> {
  const file = realLog("its rebuild");
  if (!file) return;
  const store = await openSqliteEventStore({ file: logIn(folder) });
  await importXes({ file, store, category: "loan" });
  await store.close();
}

/** A read model that folds all of these types, which only the log knows. */
function loansBy(types: Iterable<string>): ApplicationDefinition {
  class Loans {
    [method: string]: (event: never, row?: Loan) => Loan;
  }
  for (const type of types) {
    class Activity extends DomainEvent(type) {
      readonly "org:resource"?: string;
    }
    const value = (event: Activity, row: Loan = none): Loan => ({
      events: row.events + 1,
      last: type,
      resources: row.resources + (event["org:resource"] === undefined ? 0 : 1),
    });
    Object.defineProperty(Loans.prototype, type, { value });
    Projects(Activity)(Loans.prototype, type, { value });
  }
  Projection<Loan>({ name: loans, version: 1, key: byAggregateId, indexes: ["last"] })(Loans);
  return application({ domains: [], projections: [Loans] });
}

async function typesAndCount(store: EventStore): Promise<{ types: Set<string>; count: number }> {
  const types = new Set<string>();
  let count = 0;
  for await (const page of store.readLog()) {
    for (const { type } of page) types.add(type);
    count += page.length;
  }
  return { types, count };
}

async function run({ folder, runs }: PartOptions): Promise<Figure[]> {
  if (!realLog("its rebuild")) return [];
  const file = logIn(folder);
  const store = await openSqliteEventStore({ file });
  const { types, count } = await typesAndCount(store);
  await store.close();
  const rollcall = await Rollcall.open(loansBy(types), { store: file, readModels: join(folder, "loan-rows.sqlite") });
  const { ours, decode } = await interleaved(runs, {
    ours: () => rate(count, () => rollcall.rebuild(loans)),
    decode: () => decodeFloor(file, count),
  });
  await rollcall.stop();
  const figure = `rebuild over the real log, ${inWords(count)} events`;
  return [{ figure, unit: "events/s", ...ours, floor: { what: decodeFloorInWords, ...decode } }];
}

export const realLogPart: Part = {
  name: "rebuild-real-log",
  title: "rebuild over the real log",
  prepare,
  run,
};
