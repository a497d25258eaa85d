/** How far what a rebuild says about the time that it has left is from the truth. */

import { Rollcall } from "../../src/index.js";
import { Pace } from "../pace.js";
import { Writing } from "../rebuild/writing.js";
import { measured } from "./measure.js";
import { orderSummaries, summing } from "./order-summaries.js";
import type { Figure, Part, PartOptions } from "./part.js";
import { countOf, filesIn, prepareOrders, sizeInWords } from "./rebuild.js";

const looks = [10, 25, 50, 75] as const;

/** In per cent of the time that was left, when `looks` per cent of the log were read. */
async function deviations(rollcall: Rollcall): Promise<number[]> {
  const said: { atMs: number; leftMs: number }[] = [];
  const writing = new Writing();
  let pace: Pace | undefined;
  await rollcall.rebuild(orderSummaries, {
    onProgress: (now) => {
      const [done, total] = [Number(now.position), Number(now.head)];
      const atMs = performance.now();
      const { leftMs } = (pace ??= new Pace(total)).at(done, atMs, writing.besides(now));
      if (leftMs !== undefined && done >= (looks[said.length]! / 100) * total) said.push({ atMs, leftMs });
    },
  });
  const endMs = performance.now();
  return said.map(({ atMs, leftMs }) => (100 * Math.abs(leftMs - (endMs - atMs))) / (endMs - atMs));
}

async function run(options: PartOptions): Promise<Figure[]> {
  const rollcall = await Rollcall.open(summing(1), filesIn(options.folder));
  const runs: number[][] = [];
  for (let n = 0; n < options.runs; n++) runs.push(await deviations(rollcall));
  await rollcall.stop();
  return looks.map((look, i) => ({
    figure: `time left, told after ${look} % of a rebuild of ${sizeInWords(countOf(options))}: off by`,
    unit: "%",
    ...measured(runs.map((each) => each[i]!)),
    ...(look === 10 && { goal: { atMost: 25 } }),
  }));
}

export const timeLeftPart: Part = {
  name: "time-left",
  title: "what a rebuild says about the time that it has left",
  prepare: prepareOrders,
  run,
};
