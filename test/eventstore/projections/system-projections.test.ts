import { expect } from "chai";
import type { RecordLog } from "../../../tools/eventstore/record-log.js";
import {
  ProjectionNotRunning,
  startSystemProjections,
  UnknownProjection,
  type SystemProjections,
} from "../../../tools/eventstore/system-projections.js";
import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import { until } from "../../until.js";
import { append, everything, proposed, recordsOf, targets, text } from "./records.js";

const category = "$by_category";

/** Fulfils with what a promise was rejected with. */
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail("nothing was thrown"),
    (error: unknown) => error,
  );

describe("the system projections", () => {
  let log: RecordLog;
  let projections: SystemProjections;

  beforeEach(async () => {
    log = await openTemporaryRecordLog();
    projections = startSystemProjections(log);
  });

  afterEach(async () => {
    await projections.stop();
    await log.close();
  });

  async function restart(options?: Parameters<typeof startSystemProjections>[1]) {
    await projections.stop();
    projections = startSystemProjections(log, options);
  }

  const allCaughtUp = () => Promise.all(projections.names.map((name) => projections.caughtUp(name)));

  it("write nothing until they are enabled", async () => {
    await append(log, "order-1", proposed("Placed", { $correlationId: "c" }));
    expect(projections.names.map((name) => projections.statistics(name).status)).to.eql(Array(5).fill("Stopped"));
    expect(everything(log)).to.have.lengthOf(1);
  });

  it("link what was there before they were enabled, and what comes after", async () => {
    await append(log, "order-1", proposed("Placed"), proposed("Paid"));
    await projections.enable(category);
    await append(log, "order-2", proposed("Placed"));
    await append(log, "basket-1", proposed("Filled"));
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "1@order-1", "0@order-2"]);
    expect(targets(log, "$ce-basket")).to.eql(["0@basket-1"]);
  });

  it("write links that lead to their events, and say from which event they come", async () => {
    const event = proposed("Placed", { $correlationId: "c" });
    const { position } = (await append(log, "order-1", event)) as { position: number };
    await projections.enable(category);
    await projections.caughtUp(category);
    const [link] = recordsOf(log, "$ce-order");
    expect(log.resolve(link!)).to.include({ streamName: "order-1", revision: 0n, id: event.id });
    expect(link).to.include({ type: "$>", contentType: "application/octet-stream" });
    expect(JSON.parse(text(link!.metadata))).to.eql({
      $v: "3:-1:1:4",
      $c: position,
      $p: position,
      $o: "order-1",
      $causedBy: event.id,
      $correlationId: "c",
    });
  });

  it("all run when asked to at the start, each in streams of its own", async () => {
    await append(log, "order-1", proposed("Placed", { $correlationId: "c" }));
    await restart({ enabled: true });
    await log.delete("order-1", "any");
    await allCaughtUp();
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "0@$$order-1"]);
    expect(targets(log, "$et-Placed")).to.eql(["0@order-1"]);
    expect(targets(log, "$et-$deleted")).to.eql(["0@order-1"]);
    expect(targets(log, "$bc-c")).to.eql(["0@order-1"]);
    expect(targets(log, "$category-order")).to.eql(["order-1"]);
    expect(targets(log, "$streams")).to.eql(["0@order-1", "0@$$order-1"]);
  });

  it("come to rest: they do not feed on what they write", async () => {
    await restart({ enabled: true });
    await append(log, "order-1", proposed("Placed", { $correlationId: "c" }));
    await allCaughtUp();
    const head = log.head();
    await allCaughtUp();
    expect(log.head()).to.equal(head);
  });

  it("write nothing between being disabled and enabled, and leave nothing out", async () => {
    await projections.enable(category);
    await append(log, "order-1", proposed("a"));
    await projections.caughtUp(category);
    await projections.disable(category);
    const written = everything(log).length;
    await append(log, "order-1", proposed("b"));
    expect(everything(log)).to.have.lengthOf(written + 1);
    expect(await failureOf(projections.caughtUp(category))).to.be.instanceOf(ProjectionNotRunning);
    await projections.enable(category);
    await append(log, "order-1", proposed("c"));
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "1@order-1", "2@order-1"]);
  });

  it("remember over a restart whether they are enabled, and where they were", async () => {
    await projections.enable(category);
    await append(log, "order-1", proposed("a"));
    await projections.caughtUp(category);
    await restart();
    expect(projections.statistics(category)).to.include({ status: "Running", processed: 0 });
    expect(projections.statistics(category).checkpoint).to.be.greaterThan(0);
    await append(log, "order-1", proposed("b"));
    await projections.caughtUp(category);
    await projections.disable(category);
    await restart();
    expect(projections.statistics(category).status).to.equal("Stopped");
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "1@order-1"]);
  });

  it("write a checkpoint now and then, so that a start need not look through the whole log", async () => {
    await projections.enable(category);
    for (let i = 0; i < 5; i++) await append(log, `order-${i}`, ...Array.from({ length: 1_000 }, () => proposed("a")));
    await projections.caughtUp(category);
    expect(projections.statistics(category).checkpoint).to.be.greaterThan(1_000);
    expect(targets(log, "$ce-order")).to.have.lengthOf(5_000);
  });

  it("leave no checkpoint where there was nothing to do", async () => {
    await projections.enable(category);
    await projections.caughtUp(category);
    await restart();
    await projections.caughtUp(category);
    const head = log.head();
    await restart();
    expect(log.head()).to.equal(head);
  });

  it("begin again from the first event when reset, behind links that are hidden", async () => {
    await append(log, "order-1", proposed("a"), proposed("b"));
    await projections.enable(category);
    await projections.caughtUp(category);
    await projections.reset(category);
    await append(log, "order-1", proposed("c"));
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "1@order-1", "2@order-1"]);
    expect(recordsOf(log, "$ce-order").map(({ revision }) => revision)).to.eql([2n, 3n, 4n]);
    await restart();
    await append(log, "order-1", proposed("d"));
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.have.lengthOf(4);
  });

  it("stay disabled when they are reset while disabled", async () => {
    await append(log, "order-1", proposed("a"));
    await projections.reset(category);
    expect(projections.statistics(category)).to.include({ status: "Stopped", epoch: 1 });
    expect(targets(log, "$ce-order")).to.eql([]);
    await projections.enable(category);
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.eql(["0@order-1"]);
  });

  it("get along with others who write to, truncate or delete the streams of links", async () => {
    await projections.enable(category);
    await append(log, "order-1", proposed("a"));
    await projections.caughtUp(category);
    await append(log, "$ce-order", proposed("foreign"));
    await append(log, "order-1", proposed("b"));
    await projections.caughtUp(category);
    expect(targets(log, "$ce-order")).to.eql(["0@order-1", "{}", "1@order-1"]);
    await append(log, "$$$ce-order", proposed("$metadata", "", { $tb: 100 }));
    await restart();
    await append(log, "order-1", proposed("c"));
    await projections.caughtUp(category);
    await log.delete("$ce-order", "any");
    await append(log, "order-1", proposed("d"));
    await projections.caughtUp(category);
    expect(recordsOf(log, "$ce-order").map(({ revision, data }) => [revision, text(data)])).to.eql([[4n, "3@order-1"]]);
  });

  it("fail in sight where they cannot write, and go on when enabled again", async () => {
    const failures: string[] = [];
    await restart({ onFailure: (name, error) => failures.push(`${name}: ${error.message}`) });
    await projections.enable(category);
    await log.tombstone("$ce-order", "any");
    await append(log, "order-1", proposed("a"));
    await until("the projection fails", () => projections.statistics(category).status === "Faulted (Enabled)");
    const reason = "Projection '$by_category' cannot write to $ce-order: it was deleted for good.";
    expect(projections.statistics(category).stateReason).to.equal(reason);
    expect(failures).to.eql([`${category}: ${reason}`]);
    expect(await failureOf(projections.caughtUp(category))).to.be.instanceOf(ProjectionNotRunning);
    await projections.enable(category);
    expect(projections.statistics(category)).to.include({ status: "Running", stateReason: "" });
    await until("it fails again", () => failures.length === 2);
    await projections.disable(category);
    expect(projections.statistics(category)).to.include({ status: "Stopped", stateReason: "" });
  });

  it("are told from what does not exist", async () => {
    for (const ask of [
      () => projections.enable("mine"),
      () => projections.disable("mine"),
      () => projections.reset("mine"),
      async () => projections.statistics("mine"),
    ])
      expect(await failureOf((async () => ask())())).to.be.instanceOf(UnknownProjection);
  });

  it("say how far they are", async () => {
    expect(projections.statistics(category)).to.eql({
      name: category,
      version: 0,
      epoch: -1,
      status: "Stopped",
      stateReason: "",
      percent: -1,
      position: 0,
      checkpoint: 0,
      processed: 0,
      processingMs: 0,
      isWriting: false,
    });
    await append(log, "order-1", proposed("a"));
    await projections.enable(category);
    await projections.caughtUp(category);
    await until("its own writing is passed", () => projections.statistics(category).percent === 100);
    const { position, processed, version, isWriting } = projections.statistics(category);
    expect({ position, processed, version, isWriting }).to.eql({
      position: log.head(),
      processed: 1,
      version: 1,
      isWriting: false,
    });
  });
});
