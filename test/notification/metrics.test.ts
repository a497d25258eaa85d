/** Flags as counters. */

import { expect } from "chai";
import { metrics } from "../../src/index.js";
import { Flagging } from "./flagging.js";

describe("metrics", () => {
  let to: Flagging;
  beforeEach(async () => {
    to = await Flagging.open();
  });
  afterEach(() => to.close());

  it("count flags by observer, slot, kind and severity, in the text format of Prometheus", async () => {
    const counting = metrics({ name: "ops", startFrom: "beginning" });
    await to.raise("a", { severity: "page" });
    await to.raise("b", { severity: "page" });
    await to.raise("b", {}, "LateArrival");
    await to.raise("c", { slot: 'odd "slot"\n' });
    await to.raise(undefined, { count: 1 }, "Uncorrelated");
    to.start(counting);
    await to.finishes();
    const { contentType, text } = await counting.exposition!();
    expect(contentType).to.equal("text/plain; version=0.0.4; charset=utf-8");
    const lines = text.split("\n").filter(Boolean);
    expect(lines[0]).to.match(/^# HELP rollcall_flags_total ./);
    expect(lines[1]).to.equal("# TYPE rollcall_flags_total counter");
    expect(lines.slice(2)).to.have.members([
      'rollcall_flags_total{observer="payments",slot="paid",kind="Missing",severity="page"} 2',
      'rollcall_flags_total{observer="payments",slot="paid",kind="LateArrival",severity=""} 1',
      String.raw`rollcall_flags_total{observer="payments",slot="odd \"slot\"\n",kind="Missing",severity=""} 1`,
      'rollcall_flags_total{observer="payments",slot="",kind="Uncorrelated",severity=""} 1',
    ]);
  });

  it("of two applications in one process have nothing to do with each other", async () => {
    const [one, other] = [metrics({ name: "ops", startFrom: "beginning" }), metrics({ name: "other" })];
    await to.raise("a");
    to.start(one);
    await to.finishes();
    expect((await one.exposition!()).text).to.include("} 1");
    expect((await other.exposition!()).text).to.not.include("} 1");
  });
});
