/** A development server's log whose process is killed while it writes. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { eventsBefore, idOf, isDelete, laneCount, laneStep, laneStream, metadataBefore } from "./lanes.js";
import { allRecords, temporaryLogs, text, written } from "./logs.js";

const writerFile = fileURLToPath(new URL("./lane-writer.js", import.meta.url));

/** The last step of each lane that was acknowledged. */
async function runUntilKilled(file: string, killAfter: number): Promise<number[]> {
  const child = spawn(process.execPath, [writerFile, file], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (printed: string) => {
    output += printed;
    if (output.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  const acknowledged = Array.from({ length: laneCount }, () => -1);
  for (const line of output.split("\n").slice(0, -1)) {
    const [lane, index] = line.split(" ").map(Number) as [number, number];
    acknowledged[lane] = index;
  }
  expect(acknowledged.reduce((sum, index) => sum + index + 1, 0)).to.be.at.least(killAfter);
  return acknowledged;
}

describe("A development server's log whose process is killed", () => {
  const logs = temporaryLogs();

  for (const killAfter of [1, 40, 151, 400])
    it(`after ${killAfter} acknowledgements holds them all, and nothing by halves`, async () => {
      const acknowledged = await runUntilKilled(logs.file(), killAfter);
      const log = await logs.open();
      const records = allRecords(log);
      expect(records.map(({ position }) => position)).to.deep.equal(records.map((_, i) => i + 1));
      for (const [lane, last] of acknowledged.entries()) {
        const streamName = laneStream(lane);
        const inStream = records.filter((record) => record.streamName === streamName);
        const inMetastream = records.filter((record) => record.streamName === `$$${streamName}`);
        // Whole steps only; the one after the last acknowledged may be there, too.
        const done = [last + 1, last + 2].find(
          (steps) => eventsBefore(steps) === inStream.length && metadataBefore(steps) === inMetastream.length,
        )!;
        expect(done).not.to.equal(undefined);
        expect(inStream.map(({ id }) => id)).to.deep.equal(inStream.map((_, revision) => idOf(lane, revision)));
        expect(inMetastream.map(({ data }) => text(data))).to.deep.equal(
          inMetastream.map((_, i) => `{"$tb":${i % 2 === 0 ? 9223372036854775807n : eventsBefore(i * 2 + 1)}}`),
        );
        const end = inStream.at(-1);
        if (end && !isDelete(done - 1))
          expect(await laneStep(log, lane, done - 1)).to.deep.equal(written(end.revision, end.position));
        for (let index = done; index < done + 4; index++)
          expect(await laneStep(log, lane, index)).to.have.property("kind", "written");
      }
    });
});
