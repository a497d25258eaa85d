import { expect } from "chai";
import { liveLease, prune, rebuildLease, rebuildUntil, type ReadModel } from "../../src/index.js";
import { count, readModelOf, sumsOf, totals } from "../subscription/things.js";
import { Rebuilding } from "./rebuilding.js";

describe("pruning", () => {
  let to: Rebuilding;
  beforeEach(async () => {
    to = await Rebuilding.open();
    await count(to.store, "a", 1, 2);
  });
  afterEach(() => to.close());

  const version = (number: number): ReadModel => readModelOf(totals({ version: number }));
  const pruned = async (declared = version(2), options: { dryRun?: boolean } = {}) => {
    const verdicts = await prune([declared.declaration], {
      readModels: to.readModels,
      holder: "operator",
      ...options,
    });
    return verdicts.map(({ generation: { place }, reason, outcome }) => `${place} ${reason} ${outcome}`);
  };
  const left = async () => (await to.readModels.generations()).map(({ place, state }) => `${place} ${state}`);

  it("drops what was retained, left unfinished, labelled, and of earlier versions, and nothing else", async () => {
    for (const each of [version(1), version(2), version(2), version(3)]) await to.rebuilt(each);
    const { store, readModels, clock } = to;
    await rebuildUntil(version(2), { position: 1n }, "early", { store, readModels, clock, holder: "operator" });
    const lease = (await readModels.acquire(rebuildLease("totals@2"), "killed", 1))!;
    await readModels.createBuilding(version(2).declaration, lease);
    await readModels.release(lease);
    const all = await left();
    expect(await pruned(version(2), { dryRun: true })).to.deep.equal([
      "totals@1 earlier-version would be",
      "totals@2 retained would be",
      "totals@2~early labelled would be",
      "totals@2 unfinished would be",
    ]);
    expect(await left()).to.deep.equal(all);
    expect(await pruned()).to.have.length(4);
    expect(await left()).to.deep.equal(["totals@2 active", "totals@3 active"]);
    expect(await pruned()).to.deep.equal([]);
    expect(await sumsOf(readModels)).to.deep.equal({ a: 3 });
  });

  it("leaves what somebody keeps live, or works on", async () => {
    await to.rebuilt(version(1));
    await to.rebuilt(version(2));
    const worker = (await to.readModels.acquire(liveLease("totals@1"), "worker", 60_000))!;
    expect(await pruned()).to.deep.equal(["totals@1 earlier-version in use"]);
    await to.readModels.release(worker);
    const rebuilder = (await to.readModels.acquire(rebuildLease("totals@2"), "rebuilder", 60_000))!;
    await to.readModels.createBuilding(version(2).declaration, rebuilder);
    expect(await pruned()).to.deep.equal(["totals@1 earlier-version dropped", "totals@2 unfinished in use"]);
    expect(await to.readModels.acquire(liveLease("totals@1"), "next", 1), "the leases are given back").to.not.equal(
      undefined,
    );
  });

  it("leaves what answers until the declared version has caught up, and what an operator has paused", async () => {
    await to.rebuilt(version(1));
    expect(await pruned()).to.deep.equal([]);
    const worker = (await to.readModels.acquire(liveLease("totals@2"), "worker", 60_000))!;
    await to.readModels.openActive(version(2).declaration, worker);
    expect(await pruned()).to.deep.equal([]);
    await to.rebuilt(version(2));
    await to.readModels.pause(liveLease("totals@1"), { reason: "look", by: "operator" });
    expect(await pruned()).to.deep.equal(["totals@1 earlier-version in use", "totals@2 retained dropped"]);
    await to.readModels.resume(liveLease("totals@1"));
    expect(await pruned()).to.deep.equal(["totals@1 earlier-version dropped"]);
  });

  it("has nothing to say of read models that are not declared", async () => {
    await to.rebuilt(version(1));
    await to.rebuilt(version(1));
    const { declaration } = version(2);
    expect(await pruned({ ...version(2), declaration: { ...declaration, name: "other" } })).to.deep.equal([]);
  });
});
