import { expect } from "chai";
import {
  explainCase,
  randomId,
  whenever,
  type Expectation,
  type Explanation,
  type ObserverOptions,
} from "../../src/index.js";
import { after as afterSlot } from "../../src/observer/index.js";
import { Judged, minute, observing } from "./judging.js";

describe("the explanation of a case", () => {
  let log: Judged;
  beforeEach(async () => {
    log = await Judged.open();
  });
  afterEach(() => log.close());

  const plain = whenever("shop.Ordered").expect("shop.Paid").within({ minutes: 10 }).unless("shop.Cancelled");

  async function explained(
    fields: Record<string, Expectation> = { payment: plain },
    asked = "one",
    options: Partial<ObserverOptions> = {},
  ): Promise<Explanation> {
    const observer = observing(fields, options);
    await log.rebuilt(observer);
    return (await explainCase(observer, log, asked))!;
  }
  /** With ids of events cut out, which differ from run to run. */
  const reasonOf = ({ slots }: Explanation, run = "payment") =>
    slots.find((slot) => slot.run === run)!.reason.replaceAll(/\b[\da-f]{8}-[\da-f-]{27}\b/g, "ID");
  const ordered = "shop.Ordered at 2026-01-01 00:00:00.000Z (event ID, order-one revision 0, position 1) opened it; ";

  it("says what opened what is awaited, and by when it has to come", async () => {
    await log.record("Ordered", "one");
    await log.pass(minute);
    await log.record("Ordered", "other");
    expect(reasonOf(await explained())).to.equal(
      `OPEN: ${ordered}shop.Paid has to come by 2026-01-01 00:10:00.000Z, 9 min after the time that the log has reached (2026-01-01 00:01:00.000Z); it has not come so far.`,
    );
  });

  it("says when what was done came", async () => {
    await log.record("Ordered", "one");
    await log.pass(minute);
    await log.record("Paid", "one");
    await log.record("Paid", "one");
    expect(reasonOf(await explained())).to.equal(
      `MET: ${ordered}shop.Paid at 2026-01-01 00:01:00.000Z (event ID, order-one revision 2, position 3) came, by the deadline, 2026-01-01 00:10:00.000Z.`,
    );
  });

  it("says why what is missing is missing: what opened it, by when what had to come, and when time passed that", async () => {
    await log.record("Ordered", "one");
    await log.pass(12 * minute);
    await log.record("Ordered", "other");
    expect(reasonOf(await explained())).to.equal(
      `MISSING: ${ordered}shop.Paid had to come by 2026-01-01 00:10:00.000Z; log time passed that at 2026-01-01 00:12:00.000Z (flag ID); nothing came since. Nobody has acknowledged it.`,
    );
  });

  it("says of what is missing what has been recorded, and not judged yet", async () => {
    await log.record("Ordered", "one");
    await log.pass(12 * minute);
    await log.record("Ordered", "other");
    const observer = observing({ payment: plain });
    await log.rebuilt(observer);
    await log.record("Paid", "one");
    expect(reasonOf((await explainCase(observer, log, "one"))!)).to.match(
      /But shop\.Paid at 2026-01-01 00:12:00\.000Z .* is recorded, and has not been judged yet: the observer stands at position 2\./,
    );
  });

  it("says how late it came", async () => {
    await log.record("Ordered", "one");
    await log.pass(12 * minute);
    await log.record("Paid", "one");
    expect(reasonOf(await explained())).to.match(
      /^RECOVERED: .* had to come by 2026-01-01 00:10:00\.000Z; shop\.Paid at 2026-01-01 00:12:00\.000Z .* came 2 min late\.$/,
    );
  });

  it("says what waives an expectation, before and after its trigger", async () => {
    await log.record("Ordered", "one");
    await log.record("Cancelled", "one");
    await log.record("Cancelled", "two");
    expect(reasonOf(await explained())).to.match(
      /^WAIVED: .* opened it; shop\.Cancelled at .* \(event ID, order-one revision 1, position 2\) came, so shop\.Paid is not expected any more\.$/,
    );
    expect(reasonOf(await explained(undefined, "two"))).to.match(
      /^IDLE: shop\.Cancelled at .* came; if shop\.Ordered comes, nothing is expected of it\.$/,
    );
  });

  it("says what came without its trigger, and how long that may take", async () => {
    const payment = plain.orphanWithin({ hours: 1 });
    await log.record("Paid", "one");
    expect(reasonOf(await explained({ payment }))).to.match(
      /^EARLY: shop\.Paid at .*position 1\) came before shop\.Ordered, which has to come by 2026-01-01 01:00:00\.000Z/,
    );
    expect(reasonOf(await explained({ payment: plain }, "one", { version: 2, applyTo: "all" }))).to.match(
      /came before shop\.Ordered, for which it waits without a limit\.$/,
    );
    await log.pass(61 * minute);
    await log.record("Paid", "other");
    expect(reasonOf(await explained({ payment }, "one", { version: 3, applyTo: "all" }))).to.match(
      /^ORPHAN: shop\.Paid at .* came without shop\.Ordered, which had to come by 2026-01-01 01:00:00\.000Z; log time passed that at 2026-01-01 01:01:00\.000Z \(flag ID\); none came since\. Nobody/,
    );
  });

  it("counts, where several are needed", async () => {
    const payment = plain.times(3);
    await log.record("Ordered", "one");
    await log.record("Paid", "one");
    await log.record("Paid", "one");
    expect(reasonOf(await explained({ payment }))).to.include("2 of 3 came so far");
    await log.pass(11 * minute);
    await log.record("Ordered", "other");
    expect(reasonOf(await explained({ payment }))).to.include("; 2 of 3 came. Nobody has acknowledged it");
  });

  it("says of an escalation what comes next, and who has seen it", async () => {
    const payment = plain.escalating({ hours: 1 }, { hours: 2 });
    await log.record("Ordered", "one");
    await log.pass(11 * minute);
    await log.record("Ordered", "other");
    expect(reasonOf(await explained({ payment }))).to.include(
      "Nobody has acknowledged it; it escalates at 2026-01-01 01:10:00.000Z, 1 h after the deadline.",
    );
    await log.pass(65 * minute);
    await log.record("Ordered", "another");
    expect(reasonOf(await explained({ payment }))).to.include(
      "Escalated once. Nobody has acknowledged it; it escalates at",
    );
    const data = { observer: "orders", case: "one", by: "ada", note: "on it" };
    await log.store.append(
      "rollcall.acknowledgements-orders-one",
      [{ id: randomId(), type: "observer.Acknowledged", data }],
      {
        expectedRevision: "no_stream",
      },
    );
    expect(reasonOf(await explained({ payment }))).to.include(
      'Acknowledged by ada at 2026-01-01 01:16:00.000Z: "on it"; it does not escalate any more.',
    );
  });

  it("says of a sequence that another expectation's completion opened it, and of what nothing came", async () => {
    const shipment = afterSlot(plain).expect("shop.Shipped").within({ hours: 1 });
    const unheard = whenever("shop.Returned").expect("shop.Refunded").within({ hours: 1 });
    const fields = { payment: plain, shipment, unheard };
    await log.record("Ordered", "one");
    await log.record("Paid", "one");
    const explanation = await explained(fields);
    expect(reasonOf(explanation, "shipment")).to.match(
      /^OPEN: shop\.Paid at .* completed payment, which opened this; shop\.Shipped has to come by 2026-01-01 01:00:00\.000Z/,
    );
    expect(reasonOf(explanation, "unheard")).to.equal("IDLE: neither shop.Returned nor shop.Refunded came.");
  });

  it("shows events of all domains, flags, acknowledgements and deadlines, in the order of their times", async () => {
    await log.record("Ordered", "one");
    await log.record("Noted", "one", "note-one");
    await log.pass(10 * minute);
    await log.record("Noted", "one", "note-one");
    await log.pass(2 * minute);
    await log.record("Paid", "one");
    const { timeline } = await explained();
    expect(timeline.map(({ kind, words, recorded }) => [kind, recorded?.type ?? "", words])).to.deep.equal([
      ["event", "shop.Ordered", "opens payment"],
      ["event", "shop.Noted", ""],
      // What comes at the deadline itself is in time.
      ["event", "shop.Noted", ""],
      ["deadline", "", "deadline of payment: shop.Paid"],
      ["event", "shop.Paid", "expected by payment"],
      ["flag", "observer.Missing", "Missing payment: the counterpart did not come"],
      ["flag", "observer.LateArrival", "LateArrival payment: the counterpart came late"],
    ]);
    expect(timeline.find(({ kind }) => kind === "deadline")).to.include({ passed: true, slot: "payment" });
  });

  it("finds a case by an alias, and its events though they share no correlation id", async () => {
    const parcel = whenever("shop.Packed").expect("shop.Delivered").within({ hours: 1 });
    const keys = {
      "shop.Packed": { key: "data.order", alias: "data.parcel" },
      "shop.Delivered": { via: "data.parcel" },
    };
    await log.record("Delivered", "x", "parcel-7", { parcel: "p7" });
    await log.record("Packed", "y", "parcel-7", { order: "o1", parcel: "p7" });
    const { found, timeline } = await explained({ parcel }, "p7", { keys });
    expect(found).to.include({ key: "o1", alias: "p7" });
    expect(timeline.map(({ recorded, words }) => recorded?.type ?? words)).to.deep.equal([
      "shop.Delivered",
      "shop.Packed",
      "deadline of parcel: shop.Delivered",
    ]);
    expect(await explainCase(observing({ parcel }, { keys }), log, "p8")).to.equal(undefined);
  });

  it("tells runs apart", async () => {
    const payment = plain.per("data.part");
    await log.record("Ordered", "one", "order-one", { part: "a" });
    await log.record("Ordered", "one", "order-one", { part: "b" });
    await log.pass(minute);
    await log.record("Paid", "one", "order-one", { part: "b" });
    const explanation = await explained({ payment });
    expect(explanation.slots.map(({ run }) => run)).to.deep.equal(["payment[a]", "payment[b]"]);
    expect(reasonOf(explanation, "payment[a]"))
      .to.include("position 1) opened it")
      .and.include("it has not come so far");
    expect(reasonOf(explanation, "payment[b]")).to.match(
      /position 2\) opened it; shop\.Paid at .*position 3\) came, by/,
    );
  });
});
