/** The index by correlation id among those who use it at the same time, step by step. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { IncompatibleStore, StoreClosed } from "../../../src/errors.js";
import { contentsOf, RecordedEvent, randomId } from "../../../src/message/index.js";
import { CorrelationIndex } from "../../../src/store/eventstoredb/correlation-index.js";
import { rejection } from "./stores.js";

/** An event of a correlation at a position. */
function at(position: bigint, correlationId: string | undefined = "x", type = "t"): RecordedEvent {
  const [id, streamName, contentType] = [randomId(), "a-1", "application/json"];
  return new RecordedEvent(
    id,
    streamName,
    type,
    0,
    position,
    0,
    1,
    correlationId,
    undefined,
    false,
    contentType,
    contentsOf({}),
  );
}

describe("An index by correlation id", () => {
  let folder: string;
  let one: CorrelationIndex;
  let other: CorrelationIndex;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-correlations-"));
    one = new CorrelationIndex(join(folder, "index.sqlite"));
    other = new CorrelationIndex(join(folder, "index.sqlite"));
  });
  afterEach(() => {
    one.close();
    other.close();
    rmSync(folder, { recursive: true });
  });

  const found = (index: CorrelationIndex, through: bigint, correlationId = "x") =>
    index.find("log", correlationId, { after: undefined, through }, 99);

  it("is seen alike by all who share it", async () => {
    const last = at(7n);
    await one.begin("log");
    await one.add("log", { from: undefined, to: 9n, events: [at(3n), at(5n, "y"), at(6n, "x", "$>"), last] });
    expect(await other.begin("log")).to.deep.equal({ through: 9n, witness: { id: last.id, position: 7n } });
    expect(await found(other, 9n)).to.deep.equal([3n, 7n]);
    expect(await other.find("log", "x", { after: 3n, through: 9n }, 99)).to.deep.equal([7n]);
    expect(await other.find("log", "x", { after: undefined, through: 9n }, 1)).to.deep.equal([3n]);
  });

  it("keeps positions up to the highest exact", async () => {
    const positions = [0n, 2n ** 53n + 1n, 2n ** 63n - 1n];
    await one.begin("log");
    await one.add("log", { from: undefined, to: positions[2]!, events: positions.map((position) => at(position)) });
    expect(await found(one, positions[2]!)).to.deep.equal(positions);
    expect((await one.begin("log")).through).to.equal(positions[2]);
  });

  it("takes what two add of the same stretch once, and never goes back", async () => {
    const [first, second] = [at(1n), at(2n)];
    await one.begin("log");
    await other.begin("log");
    expect(await one.add("log", { from: undefined, to: 2n, events: [first, second] })).to.equal(true);
    expect(await other.add("log", { from: undefined, to: 1n, events: [first] })).to.equal(true);
    expect((await one.begin("log")).through).to.equal(2n);
    expect(await other.add("log", { from: 1n, to: 3n, events: [second, at(3n)] })).to.equal(true);
    expect(await found(one, 3n)).to.deep.equal([1n, 2n, 3n]);
  });

  it("takes nothing that would leave a gap, and answers nothing that may be incomplete, after it was begun anew", async () => {
    const witness = at(2n);
    await one.begin("log");
    await one.add("log", { from: undefined, to: 2n, events: [at(1n), witness] });
    await other.forget("log", witness);
    expect(await one.add("log", { from: 2n, to: 4n, events: [at(4n)] })).to.equal(false);
    expect(await found(one, 2n)).to.equal(undefined);
    expect(await one.begin("log")).to.deep.equal({ through: undefined, witness: undefined });
  });

  it("is begun anew once, whoever notices that it has to be", async () => {
    const witness = at(2n);
    await one.begin("log");
    await one.add("log", { from: undefined, to: 2n, events: [witness] });
    await one.forget("log", witness);
    await one.add("log", { from: undefined, to: 1n, events: [at(1n)] });
    await other.forget("log", witness);
    expect(await found(one, 1n)).to.deep.equal([1n]);
  });

  it("says so when it is used for two logs at the same time", async () => {
    await one.begin("log");
    await one.add("log", { from: undefined, to: 2n, events: [at(1n)] });
    await other.begin("another log");
    for (const use of [found(one, 2n), one.add("log", { from: 2n, to: 3n, events: [] })]) {
      const error = await rejection(use);
      expect(error).to.be.instanceOf(IncompatibleStore);
      expect(error.message).to.match(/another log at the same time[.] Give each log a file of its own[.]/);
    }
    expect(await one.begin("log")).to.deep.equal({ through: undefined, witness: undefined });
    expect(await one.add("log", { from: undefined, to: 1n, events: [] })).to.equal(true);
    expect(await found(one, 1n)).to.deep.equal([]);
  });

  it("is of no use once it is closed", async () => {
    one.close();
    expect(await rejection(one.begin("log"))).to.be.instanceOf(StoreClosed);
    await other.begin("log");
    other.close();
    expect(await rejection(found(other, 1n))).to.be.instanceOf(StoreClosed);
  });
});
