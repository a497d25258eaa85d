/** What is killed: rebuild, switch, rollback and prune of one projection over a log that each process makes the same. */

import {
  MemoryEventStore,
  prune,
  rebuild,
  rollback,
  type EventStore,
  type Page,
  type ReadModelStore,
  type RebuildOptions,
} from "../../src/index.js";
import { count, readModelOf, totals } from "../subscription/things.js";
import { Random } from "./random.js";

export const events = 4_000;
/** Events after which a rebuild commits. */
export const batch = 1_000;
export const place = "totals@1";

export const readModel = readModelOf(totals(), [], { rebuildBatch: batch });

export async function logOf(seed: number): Promise<MemoryEventStore> {
  const log = new MemoryEventStore({ storeId: `log-${seed}` });
  const random = new Random(seed);
  for (let i = 0; i < events; i += 100) {
    const amounts = Array.from({ length: 100 }, () => random.whole(0, 9));
    await count(log, String(random.whole(0, 19)), ...amounts);
  }
  return log;
}

/** @param onEvents told how many were folded, before they are committed */
export async function work(
  seed: number,
  readModels: ReadModelStore,
  onEvents: (folded: number) => void,
): Promise<void> {
  const options = { readModels, holder: "killed", leaseTtlMs: 60_000 };
  const store = watched(await logOf(seed), onEvents);
  const again: RebuildOptions = { ...options, store };
  for (const _ of ["the first", "over the first"]) {
    onEvents(0);
    await rebuild(readModel, again);
  }
  await rollback(readModel, again);
  await prune([readModel.declaration], options);
}

/** The log, that tells of each page once it has been folded. */
function watched(log: EventStore, onEvents: (folded: number) => void): EventStore {
  const readLog = log.readLog.bind(log);
  log.readLog = async function* (options): AsyncGenerator<Page> {
    for await (const page of readLog(options)) {
      yield page;
      onEvents(Number(page.at(-1)!.position));
    }
  };
  return log;
}

export type Moment = "before" | "during" | "after";

/** Calls `strike` at the n-th call of the store: before it, while it is under way, or when it has been answered. */
export function struck(
  readModels: ReadModelStore,
  at: number,
  moment: Moment,
  strike: () => void,
): { readonly readModels: ReadModelStore; readonly calls: () => number } {
  let calls = 0;
  const proxy = new Proxy(readModels, {
    get(target, name: keyof ReadModelStore) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (typeof method !== "function") return method;
      if (name === "allRows") return method.bind(target);
      return async (...args: unknown[]) => {
        const isIt = ++calls === at;
        if (isIt && moment === "before") strike();
        const answer = method.apply(target, args);
        if (isIt && moment === "during") setImmediate(strike);
        const answered = await answer;
        if (isIt && moment === "after") strike();
        return answered;
      };
    },
  });
  return { readModels: proxy, calls: () => calls };
}
