/** Flags as lines of JSON. */

import { expect } from "chai";
import { logNotification } from "../../src/index.js";
import { until } from "../until.js";
import { Flagging } from "./flagging.js";

describe("a log notification", () => {
  let to: Flagging;
  beforeEach(async () => {
    to = await Flagging.open();
  });
  afterEach(() => to.close());

  it("writes one line of JSON a flag", async () => {
    const lines: string[] = [];
    const id = await to.raise("a", { reason: "two\nlines" });
    await to.raise("a");
    to.start(logNotification({ name: "ops", startFrom: "beginning", write: (line) => lines.push(line) }));
    await to.finishes();
    expect(lines).to.have.length(2);
    expect(lines[0]).to.not.include("\n");
    expect(JSON.parse(lines[0]!)).to.include({ id, kind: "Missing", case: "a", reason: "two\nlines" });
  });

  it("waits until a line is written, and writes it again when that fails", async () => {
    const lines: string[] = [];
    const write = async (line: string) => {
      lines.push(line);
      if (lines.length === 1) throw new Error("the disk is full");
    };
    await to.raise("a");
    to.start(logNotification({ name: "ops", startFrom: "beginning", write }));
    await until("it was tried", () => lines.length === 1);
    await to.passTime();
    await to.finishes();
    expect(lines[1]).to.equal(lines[0]);
    expect(await to.parked()).to.deep.equal([]);
  });

  it("writes to standard output unless stated", async () => {
    const { write } = process.stdout;
    const written: string[] = [];
    const id = await to.raise("a");
    process.stdout.write = ((text: string, done?: () => void) => {
      if (!text.includes(id)) return write.call(process.stdout, text, done as never);
      written.push(text);
      done?.();
      return true;
    }) as typeof write;
    try {
      to.start(logNotification({ name: "ops", startFrom: "beginning" }));
      await to.finishes();
    } finally {
      process.stdout.write = write;
    }
    expect(written.map((line) => (JSON.parse(line) as { id: string }).id)).to.deep.equal([id]);
    expect(written[0]!.endsWith("\n")).to.equal(true);
  });
});
