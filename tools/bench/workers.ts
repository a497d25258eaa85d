/** Rebuilds of order summaries by one, two and four threads, next to one reader without any. */

import { availableParallelism } from "node:os";
import { Rollcall } from "../../src/index.js";
import { interleaved, rate, type Measured } from "./measure.js";
import { checkSame, digestOfServing } from "./order-rows.js";
import { orderSummaries } from "./order-summaries.js";
import type { Figure, Goal, Part, PartOptions } from "./part.js";
import { countOf, filesIn, prepareOrders, sizeInWords } from "./rebuild.js";
import application from "./workers-application.js";

const url = new URL("./workers-application.js", import.meta.url);

async function run(options: PartOptions): Promise<Figure[]> {
  const count = countOf(options);
  const rollcall = await Rollcall.open(application, filesIn(options.folder));
  const digests: Record<string, string> = {};
  const by = (threads: number) => async () => {
    const workers = { count: threads, application: url };
    const measured = await rate(count, () => rollcall.rebuild(orderSummaries, threads > 0 ? { workers } : {}));
    digests[`${threads} threads`] = await digestOfServing(rollcall);
    return measured;
  };
  const { reader, one, two, four } = await interleaved(options.runs, {
    reader: by(0),
    one: by(1),
    two: by(2),
    four: by(4),
  });
  checkSame(digests["0 threads"]!, digests);
  await rollcall.stop();
  const figure = (threads: string, ours: Measured, what: string, floor: Measured, goal?: Goal): Figure => ({
    figure: `rebuild by ${threads} on ${availableParallelism()} cores, ${sizeInWords(count)}`,
    unit: "events/s",
    ...ours,
    floor: { what, ...floor },
    goal,
  });
  return [
    figure("one thread", one, "one reader without threads", reader),
    figure("two threads", two, "one thread", one, { ratio: 1.5 }),
    figure("four threads", four, "one thread", one),
  ];
}

export const workersPart: Part = {
  name: "workers",
  title: "rebuild of order summaries by several threads",
  prepare: prepareOrders,
  run,
};
