/** Rebuilds into PostgreSQL: next to the decode floor, with a server of the bench's own or the one that is named. */

import { existsSync } from "node:fs";
import { rebuild, Rollcall, type ReadModelStore } from "../../src/index.js";
import { interleaved, rate } from "./measure.js";
import { checkSame, digestOfServing } from "./order-rows.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { installPeers, startPostgres } from "./peers.js";
import { countOf, filesIn, prepareOrders, sizeInWords } from "./rebuild.js";
import { decodeFloor, decodeFloorInWords } from "./replay.js";

interface PostgresModule {
  readonly openPostgresReadModelStore: (options: { readonly url: string }) => Promise<ReadModelStore>;
}

/** Where the store for PostgreSQL lies once there is one. */
const module = new URL("../../src/projection/postgres/index.js", import.meta.url);
const isThere = () => existsSync(module);

async function run(options: PartOptions): Promise<Figure[]> {
  if (!isThere()) {
    process.stderr.write("There is no read-model store for PostgreSQL: its rebuild is left out.\n");
    return [];
  }
  const { openPostgresReadModelStore } = (await import(module.href)) as PostgresModule;
  const named = process.env["ROLLCALL_BENCH_POSTGRES"];
  const server = named === undefined ? await startPostgres() : undefined;
  try {
    return await rebuildInto(await openPostgresReadModelStore({ url: named ?? server!.url }), options);
  } finally {
    await server?.stop();
  }
}

async function rebuildInto(readModels: ReadModelStore, options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const files = filesIn(options.folder);
  const rollcall = await Rollcall.open(summing(1), files);
  const { store, assembly } = rollcall;
  const { postgres, sqlite, decode } = await interleaved(options.runs, {
    postgres: () => rate(count, () => rebuild(assembly.projections[0]!, { store, readModels, holder: "bench" })),
    sqlite: () => rate(count, () => rollcall.rebuild(orderSummaries)),
    decode: () => decodeFloor(files.store, count),
  });
  checkSame(await digestOfServing(rollcall.readModels, orderSummaries), {
    PostgreSQL: await digestOfServing(readModels, orderSummaries),
  });
  await Promise.all([readModels.close(), rollcall.stop()]);
  const figure = `rebuild of order summaries into PostgreSQL, ${sizeInWords(count)}`;
  return [
    { figure, unit: "events/s", ...postgres, floor: { what: decodeFloorInWords, ...decode } },
    { figure, unit: "events/s", ...postgres, floor: { what: "into SQLite", ...sqlite } },
  ];
}

export const postgresqlPart: Part = {
  name: "rebuild-postgresql",
  title: "rebuild of order summaries into PostgreSQL",
  onDemand: true,
  install: async () => {
    if (isThere() && process.env["ROLLCALL_BENCH_POSTGRES"] === undefined) await installPeers();
  },
  prepare: async (options) => {
    if (isThere()) await prepareOrders(options);
  },
  run,
};
