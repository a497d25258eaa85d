import { expect } from "chai";
import { explainCase, findCase, whenever, type RecordedEvent } from "../../src/index.js";
import { acknowledgeCase } from "../../src/observer/acknowledge-case.js";
import { eventsOfCase, inOrder } from "../../src/observer/case-events.js";
import { quickEvidence } from "../../src/observer/explain-case.js";
import { waitingFor } from "../../src/observer/find-case.js";
import { Judged, minute, observing, payment } from "./judging.js";

const parcel = whenever("shop.Packed").expect("shop.Delivered").within({ minutes: 10 });
const keys = {
  "shop.Packed": { key: "data.order", alias: "data.parcel" },
  "shop.Delivered": { via: "data.parcel" },
};

describe("the events of a case", () => {
  let log: Judged;
  beforeEach(async () => {
    log = await Judged.open();
  });
  afterEach(() => log.close());

  const told = (events: readonly RecordedEvent[]) =>
    events.map(({ type, correlationId = "-" }) => `${type.replace(/^\w+\./, "")} ${correlationId}`);
  const dataOf = ({ data }: RecordedEvent) => data;
  const found = async (observer: ReturnType<typeof observing>, key: string, more: object = {}) =>
    told(await eventsOfCase(log.store, observer.definition, key, { dataOf, ...more }));

  it("are those of its correlation id, flags included", async () => {
    const observer = observing({ payment: payment() });
    await log.record("Ordered", "one");
    await log.record("Ordered", "other");
    await log.record("Noted", "one");
    await log.pass(20 * minute);
    await log.record("Ordered", "later");
    await log.rebuilt(observer);
    expect(await found(observer, "one")).to.deep.equal(["Ordered one", "Noted one", "Missing one"]);
    const searched = () => expect.fail("the log was searched");
    expect(await found(observer, "one", { onProgress: searched })).to.have.length(3);
  });

  it("are found by other keys, and by aliases whenever those are told", async () => {
    const observer = observing({ parcel }, { keys });
    await log.record("Delivered", "x", "parcel-7", { parcel: "p7" });
    await log.record("Delivered", "x", "parcel-8", { parcel: "p8" });
    await log.record("Packed", "y", "parcel-7", { order: "o1", parcel: "p7" });
    await log.record("Packed", "y", "parcel-9", { order: "o2", parcel: "p9" });
    await log.record("Packed", "o1", "parcel-10", { order: "o1" });
    const reached: bigint[] = [];
    const onProgress = (position: bigint) => reached.push(position);
    expect(await found(observer, "o1", { onProgress })).to.deep.equal(["Delivered x", "Packed y", "Packed o1"]);
    expect(reached).to.deep.equal([5n, 5n]);
    expect(await found(observer, "o3")).to.deep.equal([]);
    const aborted = AbortSignal.abort(new Error("enough"));
    const failure = await found(observer, "o1", { signal: aborted }).catch((error: unknown) => error);
    expect(failure).to.have.property("message", "enough");
  });

  it("are its flags too where no correlation id tells which they are", async () => {
    const observer = observing({ payment: payment() }, { key: "stream.name" });
    await log.record("Ordered", "x", "order-one");
    await log.record("Ordered", "x", "order-two");
    await log.pass(20 * minute);
    await log.record("Ordered", "x", "order-three");
    await log.rebuilt(observer);
    expect(await found(observer, "order-one")).to.deep.equal(["Ordered x", "Missing -"]);
  });

  it("come in the order of the log, or of the recording where flags are not in it", () => {
    const event = (position: number, recordedAtMs: number) =>
      ({ position: BigInt(position), recordedAtMs }) as RecordedEvent;
    const events = [event(3, 1), event(1, 3), event(2, 2)];
    const order = (own: object) => inOrder(own as never, events).map(({ recordedAtMs }) => recordedAtMs);
    expect(order({})).to.deep.equal([3, 2, 1]);
    expect(order({ own: {} })).to.deep.equal([1, 2, 3]);
  });

  it("are of the case that an alias means; what waits for one belongs to none", async () => {
    const observer = observing({ parcel }, { keys });
    await log.record("Packed", "y", "parcel-7", { order: "o1", parcel: "p7" });
    await log.record("Delivered", "x", "parcel-8", { parcel: "p8" });
    await log.rebuilt(observer);
    const { readModels } = log;
    expect(await findCase(readModels, "orders", "o1"))
      .to.deep.include({ key: "o1" })
      .and.not.have.property("alias");
    expect(await findCase(readModels, "orders", "p7")).to.deep.include({ key: "o1", alias: "p7" });
    expect(await findCase(readModels, "orders", "p8")).to.equal(undefined);
    expect(await findCase(readModels, "orders", "p9")).to.equal(undefined);
    const waiting = async (alias: string) => (await waitingFor(readModels, "orders", alias)).map(({ type }) => type);
    expect(await waiting("p8")).to.deep.equal(["shop.Delivered"]);
    expect(await waiting("p7")).to.deep.equal([]);
    expect(await waiting("p9")).to.deep.equal([]);
  });

  it("are explained by the definition that the rows were made by", async () => {
    const first = observing({ payment: payment() });
    await log.record("Ordered", "one");
    await log.rebuilt(first);
    const second = observing({ payment: payment(), shipment: payment() }, { version: 2 });
    const { definition, rules, slots, found: of } = (await explainCase(second, log, "one"))!;
    expect([definition.version, rules.length]).to.deep.equal([2, 2]);
    expect(of.key).to.equal("one");
    expect(slots.map(({ run, slot }) => [run, slot?.state])).to.deep.equal([
      ["payment", "OPEN"],
      ["shipment", undefined],
    ]);
    expect(await explainCase(second, log, "nobody")).to.equal(undefined);
  });

  it("leave of a closed case no slot to explain", async () => {
    const other = whenever("shop.Returned").expect("shop.Refunded").within({ hours: 1 });
    const closing = observing({ payment: payment(), other }, { closeAfter: { minutes: 1 } });
    await log.record("Ordered", "one");
    await log.record("Paid", "one");
    await log.rebuilt(closing);
    expect((await explainCase(closing, log, "one"))!.slots.map(({ run }) => run)).to.deep.equal(["payment", "other"]);
    await log.pass(5 * minute);
    await log.record("Ordered", "later");
    await log.rebuilt(closing);
    expect((await explainCase(closing, log, "one"))!.slots).to.deep.equal([]);
  });

  it("are known without a search as far as correlation id or flags tell, acknowledgements included", async () => {
    const plain = observing({ payment: payment() });
    const keyed = observing({ payment: payment() }, { name: "keyed", key: "stream.name" });
    await log.record("Ordered", "one");
    await log.pass(20 * minute);
    await log.record("Ordered", "two");
    for (const [observer, key] of [
      [plain, "one"],
      [keyed, "order-one"],
    ] as const) {
      await log.rebuilt(observer);
      await acknowledgeCase(log, observer.definition, { case: key, by: "ada" });
    }
    const quick = async (observer: typeof plain, key: string) => {
      const { name } = observer.definition;
      const serving = (await log.readModels.activeGeneration(name))!;
      const of = (await findCase(log.readModels, name, key))!;
      return quickEvidence(observer, log.store, of, serving);
    };
    expect(told((await quick(plain, "one")).recorded)).to.deep.equal([
      "Ordered one",
      "Missing one",
      "Acknowledged one",
    ]);
    const evidence = await quick(keyed, "order-one");
    expect(told(evidence.recorded)).to.deep.equal(["Missing -", "Acknowledged -"]);
    expect(evidence.flags.map(({ kind, run }) => `${kind} ${run}`)).to.deep.equal(["Missing payment"]);
    expect(evidence.events).to.deep.equal([]);
    const whole = (await explainCase(keyed, log, "order-one"))!.evidence.recorded;
    expect(told(whole)).to.deep.equal(["Ordered one", "Missing -", "Acknowledged -"]);
  });
});
