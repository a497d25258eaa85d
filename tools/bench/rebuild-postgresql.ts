/** Rebuilds into PostgreSQL: next to the decode floor, with a server of the bench's own or the one that is named. */

import { rebuild, Rollcall, type ReadModelStore } from "../../src/index.js";
import { interleaved, rate } from "./measure.js";
import { checkSame, digestOfServing } from "./order-rows.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { installPeers, startPostgres } from "./peers.js";
import { countOf, filesIn, prepareOrders, sizeInWords } from "./rebuild.js";
import { decodeFloor, decodeFloorInWords } from "./replay.js";

const namedServer = () => process.env["ROLLCALL_BENCH_POSTGRES"];

async function run(options: PartOptions): Promise<Figure[]> {
  // Loaded when it is asked for: the driver would count in the memory of every other part.
  const { openPostgresReadModelStore } = await import("../../src/projection/postgres/index.js");
  const named = namedServer();
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
  checkSame(await digestOfServing(rollcall), {
    PostgreSQL: await digestOfServing(rollcall, readModels),
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
    if (namedServer() === undefined) await installPeers();
  },
  prepare: prepareOrders,
  run,
};
