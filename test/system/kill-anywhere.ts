/** Cases for every read-model store: a process is killed at whatever it is doing, and the next one makes up for it. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { prune, rebuild, rollback, type Clock, type Generation, type ReadModelStore } from "../../src/index.js";
import type { ReadModelStorage } from "../../src/testing/read-model-store-contract.js";
import { systemClock } from "../../src/clock.js";
import { runs } from "../runs.js";
import { batch, events, logOf, place, readModel, struck, work, type Moment } from "./kill-work.js";
import { Random } from "./random.js";

const child = fileURLToPath(new URL("./kill-child.js", import.meta.url));
const moments: readonly Moment[] = ["before", "during", "after"];

/** When the leases of the dead have expired. */
const later: Clock = { now: () => Date.now() + 3_600_000, sleep: (ms, signal) => systemClock.sleep(ms, signal) };

/** Ends with the position up to which the killed process had folded events, when it is known. */
function killed({ elsewhere }: ReadModelStorage, seed: number, at: number, moment: Moment): Promise<number[]> {
  const { module, location } = elsewhere;
  const args = [child, module, location, String(seed), String(at), moment];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error?.signal !== "SIGKILL") return reject(new Error(`it was not killed: ${stderr || error?.message}`));
      resolve(stdout.trim().split("\n").map(Number));
    });
  });
}

async function digestOf(readModels: ReadModelStore, generation: Generation): Promise<string> {
  const hash = createHash("sha256");
  for await (const page of readModels.allRows(generation)) hash.update(JSON.stringify(page));
  return hash.digest("hex");
}

export function describeKills(name: string, open: () => Promise<ReadModelStorage>, sampled: number): void {
  describe(`on ${name}, a process that is killed anywhere in rebuild, switch, rollback and prune`, function () {
    this.timeout(60_000);

    /** What an uninterrupted run makes, and in how many calls. */
    const uninterrupted = async (seed: number) => {
      const storage = await open();
      const store = await storage.open(systemClock);
      try {
        const { readModels, calls } = struck(store, 0, "before", () => {});
        await work(seed, readModels, () => {});
        return { calls: calls(), digest: await digestOf(store, (await store.activeGeneration(place))!) };
      } finally {
        await store.close();
        await storage.remove();
      }
    };

    it("leaves what serves whole, and whoever comes next does at most one batch again", async function () {
      const points = runs(sampled, 100);
      this.timeout(points * 10_000);
      const { calls, digest } = await uninterrupted(1);
      const random = new Random(Number(process.env["ROLLCALL_KILL_SEED"] ?? 7));
      for (let point = 0; point < points; point++) {
        // Spread over the whole, so that few of them meet each part too.
        const at = 1 + Math.floor(((point + random.whole(0, 999) / 1_000) / points) * calls);
        await strikeAndMakeUp(at, random.pick(moments), digest);
      }
    });

    async function strikeAndMakeUp(at: number, moment: Moment, digest: string): Promise<void> {
      const point = `killed ${moment} call ${at}`;
      const storage = await open();
      try {
        const folded = await killed(storage, 1, at, moment);
        const readModels = await storage.open(later);
        try {
          const [store, options] = [await logOf(1), { readModels, holder: "next" }];
          const serving = await readModels.activeGeneration(place);
          if (serving) expect(await digestOf(readModels, serving), point).to.equal(digest);
          const unfinished = (await readModels.generations()).find(({ state }) => state === "building");
          const committed = unfinished?.checkpoint?.handled ?? 0;
          if (unfinished && committed < events)
            expect(folded.at(-1)! - committed, `${point}: what was folded and is lost`).to.be.at.most(batch);

          const result = await rebuild(readModel, { ...options, store });
          expect(result, point).to.deep.include({ resumed: committed, events, activated: true });
          const rebuilt = (await readModels.activeGeneration(place))!;
          expect(await digestOf(readModels, rebuilt), point).to.equal(digest);
          if (serving) {
            await rollback(readModel, { ...options, store });
            expect((await readModels.activeGeneration(place))!.id, point).to.equal(serving.id);
            expect(await digestOf(readModels, serving), point).to.equal(digest);
          }
          await prune([readModel.declaration], options);
          const left = (await readModels.generations()).map(({ state }) => state);
          expect(left, point).to.deep.equal(["active"]);
        } finally {
          await readModels.close();
        }
      } finally {
        await storage.remove();
      }
    }
  });
}
