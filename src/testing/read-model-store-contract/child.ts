/** A process that works on the contract's storage until it is done, or killed. Arguments: module, location, task, read model, rounds. */

import { fileURLToPath } from "node:url";
import type { ReadModelStore } from "../../projection/read-model-store.js";
import { checkpointAt, orders } from "./storage.js";

export type Task = "commit" | "activate";

/** What the process says after each round. */
export interface Round {
  readonly round: number;
}

export const rowsOfARound = 2000;
const ttlMs = 60_000;

/** Every row says which round wrote it, and so does the checkpoint. */
const commitOfRound = (round: number) => ({
  rows: Array.from({ length: rowsOfARound }, (_, i) => [`k${i}`, { round, count: round }] as const),
  checkpoint: checkpointAt(BigInt(round)),
});

async function commit(store: ReadModelStore, name: string): Promise<(round: number) => Promise<void>> {
  const lease = (await store.acquire(`live:${name}`, "worker-1", ttlMs))!;
  const generation = await store.openActive(orders({ name }), lease);
  return (round) => store.commit(generation, lease, commitOfRound(round));
}

async function activate(store: ReadModelStore, name: string): Promise<(round: number) => Promise<void>> {
  const lease = (await store.acquire(`rebuild:${name}`, "rebuilder", ttlMs))!;
  return async (round) => {
    const generation = await store.createBuilding(orders({ name }), lease);
    await store.commit(generation, lease, commitOfRound(round));
    if (!(await store.activate(generation, lease, { workerLease: `live:${name}` })))
      throw new Error("the active generation was ahead");
  };
}

async function run(module: string, location: string, task: Task, name: string, rounds: number): Promise<void> {
  const { openReadModelStore } = (await import(module)) as {
    openReadModelStore: (location: string) => Promise<ReadModelStore>;
  };
  const store = await openReadModelStore(location);
  const once = await { commit, activate }[task](store, name);
  const first = Number((await store.activeGeneration(name))?.checkpoint?.position ?? 0n) + 1;
  for (let round = first; round < first + rounds; round++) {
    await once(round);
    process.send!({ round } satisfies Round);
  }
  await store.close();
}

// Imported for its types, it does nothing; the processes of a test runner may have a channel too.
if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on("disconnect", () => process.exit());
  const [module, location, task, name, rounds] = process.argv.slice(2) as [string, string, Task, string, string];
  run(module, location, task, name, Number(rounds)).then(
    () => process.disconnect(),
    // A code of its own, so that its reader need not see the error on the console.
    () => process.exit(3),
  );
}
