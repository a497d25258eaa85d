/** What notifications leave out: backfill, the past, and what came before they were there. */

import { expect } from "chai";
import { until } from "../until.js";
import { Flagging, telling } from "./flagging.js";

describe("a notification leaves out", () => {
  let to: Flagging;
  let told: string[];
  beforeEach(async () => {
    to = await Flagging.open();
    told = [];
  });
  afterEach(() => to.close());

  it("what a backfill derived, unless it asks for it", async () => {
    const first = await to.raise("a");
    const backfilled = await to.raise("b", { backfill: true });
    const last = await to.raise("c", { backfill: false });
    to.start(telling(({ id }) => told.push(id)));
    await to.finishes();
    expect(told).to.have.members([first, last]);
    told = [];
    to.start(telling(({ id }) => told.push(id), { name: "everything", includeBackfill: true }));
    await to.finishes("everything");
    expect(told).to.have.members([first, backfilled, last]);
  });

  it("what was decided before notifyFrom, by the time that decided", async () => {
    await to.raise("a", { decidedAt: "2025-12-31T23:59:59.999Z" });
    await to.raise("b", { decidedAt: "2026-01-01T00:59:59+01:00" });
    const first = await to.raise("c", { decidedAt: "2026-01-01T00:00:00.000Z" });
    const later = await to.raise("d", { decidedAt: "2026-01-02T00:00:00.000Z" });
    to.start(telling(({ id }) => told.push(id), { notifyFrom: "2026-01-01T00:00:00Z" }));
    await to.finishes();
    expect(told).to.have.members([first, later]);
  });

  it("what the log held when it was added, unless it begins with the beginning", async () => {
    const old = await to.raise("a");
    const { startFrom, ...sinceNow } = telling(({ id }) => told.push(`since now ${id}`));
    expect(startFrom).to.equal("beginning");
    const watched = to.start(sinceNow);
    await until("it is live", () => watched.state === "live");
    const later = await to.raise("a");
    await to.finishes();
    expect(told).to.deep.equal([`since now ${later}`]);
    to.start(telling(({ id }) => told.push(id), { name: "all" }));
    await to.finishes("all");
    expect(told.slice(1)).to.deep.equal([old, later]);
  });

  it("nothing that came while it was down, whenever it began", async () => {
    const { startFrom: _, ...sinceNow } = telling(({ id }) => told.push(id));
    const first = to.start(sinceNow);
    await until("it is live", () => first.state === "live");
    await first.processor.stop();
    const missed = await to.raise("a");
    to.start(sinceNow);
    await to.finishes();
    expect(told).to.deep.equal([missed]);
  });
});
