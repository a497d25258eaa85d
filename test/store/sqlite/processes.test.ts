/** Several processes on one SQLite log, and processes that are killed while they append. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { eventsOf, follow, idsOf } from "../../../src/testing/store-contract/fixture.js";
import { temporaryLogs } from "./folder.js";
import { laneAppend, laneCount, laneStream } from "./lanes.js";

const writerFile = fileURLToPath(new URL("./writer.js", import.meta.url));

const startWriter = (file: string, writer: string, count: number, shared: number): ChildProcess =>
  spawn(process.execPath, [writerFile, file, writer, String(count), String(shared)], {
    stdio: ["ignore", "pipe", "inherit"],
  });

describe("Several processes on one SQLite log", () => {
  const logs = temporaryLogs();

  it("lose nothing, and a third one that follows sees every commit once and in order", async () => {
    const store = await logs.open();
    const [appends, shared] = [60, 40];
    const children = ["one", "two"].map((writer) => startWriter(logs.file(), writer, appends, shared));
    const perWriter = laneCount * appends * 2 + shared;
    const following = follow(store.subscribe(), 2 * perWriter);
    const exits = await Promise.all(children.map((child) => (child.stdout!.resume(), once(child, "exit"))));
    expect(exits).to.deep.equal([
      [0, null],
      [0, null],
    ]);
    const events = await following;
    // Had a commit become visible after one with a higher position, it would be missing here.
    expect(events.map(({ position }) => position)).to.deep.equal(events.map((_, i) => BigInt(i + 1)));
    expect(events.every(({ recordedAtMs }, i) => i === 0 || recordedAtMs >= events[i - 1]!.recordedAtMs)).to.equal(
      true,
    );
    for (const writer of ["one", "two"])
      for (let lane = 0; lane < laneCount; lane++) {
        const inLog = events.filter(({ streamName }) => streamName === laneStream(writer, lane));
        const wanted = Array.from({ length: appends }, (_, i) => laneAppend(writer, lane, i).events).flat();
        expect(idsOf(inLog)).to.deep.equal(idsOf(wanted));
        expect(inLog.map(({ revision }) => revision)).to.deep.equal(wanted.map((_, i) => BigInt(i)));
      }
    const hammered = await eventsOf(store.readStream("shared"));
    expect(hammered.map(({ revision }) => revision)).to.deep.equal(hammered.map((_, i) => BigInt(i)));
    expect(hammered).to.have.length(2 * shared);
  });

  it("hear of each other's commits soon", async () => {
    const [store, other] = [await logs.open(), await logs.open()];
    const delays: number[] = [];
    let appendedAt = 0;
    for await (const message of store.subscribe()) {
      if (message.kind === "events") delays.push(performance.now() - appendedAt);
      else if (delays.length === 5) break;
      else {
        setTimeout(() => {
          void other.append(`s-${delays.length}`, [{ id: "1", type: "t", data: 1 }], { expectedRevision: "no_stream" });
          appendedAt = performance.now();
        }, 5);
      }
    }
    expect(Math.min(...delays)).to.be.lessThan(100);
  });

  it("record times that never go back, even when one's clock does", async () => {
    const at = (now: number) => ({ clock: { now: () => now, sleep: async () => {} } });
    const [late, early] = [await logs.open(at(2_000.7)), await logs.open(at(1_000))];
    await late.append("a", [{ id: "1", type: "t", data: 1 }], { expectedRevision: "no_stream" });
    await early.append("b", [{ id: "1", type: "t", data: 1 }], { expectedRevision: "no_stream" });
    expect((await eventsOf(late.readLog())).map(({ recordedAtMs }) => recordedAtMs)).to.deep.equal([2_000, 2_000]);
  });

  it("may create the log at the same time", async () => {
    const stores = await Promise.all([logs.open(), logs.open(), logs.open()]);
    const ids = await Promise.all(stores.map((store) => store.storeId()));
    expect(new Set(ids).size).to.equal(1);
  });
});

describe("A SQLite log whose writer is killed", () => {
  const logs = temporaryLogs();

  it("holds every acknowledged append once, and knows it when it is retried", async () => {
    for (const [run, killAfter] of [1, 23, 90, 240].entries()) {
      const writer = `killed${run}`;
      const acknowledged = await runUntilKilled(logs.file(), writer, killAfter);
      expect(acknowledged.length).to.be.at.least(killAfter);
      const store = await logs.open();
      const head = (await store.head())!;
      for (let lane = 0; lane < laneCount; lane++) {
        const found = idsOf(await eventsOf(store.readStream(laneStream(writer, lane))));
        expect(new Set(found).size).to.equal(found.length);
        let index = 0;
        for (const wanted: string[] = []; wanted.length < found.length; index++) {
          wanted.push(...idsOf(laneAppend(writer, lane, index).events));
          // Whole appends only: never the beginning of one.
          expect(found.slice(0, wanted.length)).to.deep.equal(wanted);
        }
        expect(acknowledged.filter((ack) => ack.lane === lane).every((ack) => ack.index < index)).to.equal(true);
        for (let i = 0; i <= index; i++) {
          const { streamName, events, expectedRevision } = laneAppend(writer, lane, i);
          const { position } = await store.append(streamName, events, { expectedRevision });
          expect(position <= head).to.equal(i < index);
        }
      }
      await store.close();
    }
  });
});

async function runUntilKilled(file: string, writer: string, killAfter: number) {
  const child = startWriter(file, writer, 1_000_000, 0);
  let output = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (output.split("\n").length > killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  const lines = output.split("\n").slice(0, -1);
  return lines.map((line) => {
    const [lane, index] = line.split(" ").map(Number) as [number, number];
    return { lane, index };
  });
}
