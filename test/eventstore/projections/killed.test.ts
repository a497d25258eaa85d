import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openRecordLog } from "../../../tools/eventstore/sqlite-record-log.js";
import { startSystemProjections } from "../../../tools/eventstore/system-projections.js";
import { expectedLinks, writtenLinks } from "./expected-links.js";
import { everything } from "./records.js";

const processFile = fileURLToPath(new URL("./linking-process.js", import.meta.url));

async function runUntilKilled(file: string, killAfter: number): Promise<void> {
  const child = spawn(process.execPath, [processFile, file], { stdio: ["ignore", "pipe", "inherit"] });
  let appended = 0;
  child.stdout.on("data", (dots: Buffer) => {
    if ((appended += dots.length) >= killAfter) child.kill("SIGKILL");
  });
  await once(child, "close");
  expect(appended).to.be.at.least(killAfter);
}

describe("the system projections of a process that is killed", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-projections-"));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("link each event once and in order, over all its lives", async () => {
    const file = join(folder, "log.sqlite");
    for (const killAfter of [1, 30, 100, 7, 60]) await runUntilKilled(file, killAfter);
    const log = await openRecordLog({ file });
    const projections = startSystemProjections(log);
    await Promise.all(projections.names.map((name) => projections.caughtUp(name)));
    await projections.stop();
    const records = everything(log);
    await log.close();
    expect(Object.fromEntries(writtenLinks(records))).to.eql(Object.fromEntries(expectedLinks(records)));
    expect(writtenLinks(records).get("$ce-order")).to.have.length.greaterThan(500);
  });
});
