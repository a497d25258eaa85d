/** An application that only reads its log: what may run in it, what is refused, and where flags go and are found. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import {
  application,
  IncompatibleStore,
  InvalidConfiguration,
  MemoryEventStore,
  Observer,
  openSqliteEventStore,
  Rollcall,
  whenever,
  type EventStore,
} from "../../src/index.js";
import { until } from "../until.js";
import { Example } from "./example.js";

@Observer({ name: "payments", version: 1 })
class Payments {
  readonly payment = whenever("Ordered").expect("Paid").within({ milliseconds: 20 });
}

describe("an application that only reads its log", () => {
  let to: Example;
  beforeEach(() => {
    to = new Example();
  });
  afterEach(() => to.close());

  const refusal = (opening: Promise<unknown>) =>
    opening.then(
      () => expect.fail("it was opened"),
      (error: Error) => error,
    );

  it("is refused where a reactor would run, and says which and what to do", async () => {
    const refused = await refusal(to.open({ readOnly: true }));
    expect(refused).to.be.instanceOf(InvalidConfiguration);
    expect(refused.message)
      .to.match(/request-payment/)
      .and.match(/ROLLCALL_READ_ONLY/)
      .and.match(/ROLLCALL_ROLES/);
  });

  it("serves projections, and refuses commands with a problem", async () => {
    const { store, readModels } = to.shared();
    const writing = await to.open({ store, readModels: "memory:" });
    const { correlationId } = await to.place(writing, "o1");
    const head = await writing.store.head();
    const reading = await to.open({ store, readModels, readOnly: true, roles: ["projection", "observer", "http"] });
    await reading.start();
    await until("it is there", async () => (await to.summary(reading, correlationId)) !== undefined);
    const { status, body } = await to.ask(reading, "/commands/ordering.PlaceOrder", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ aggregateId: "o2", total: 1, currency: "EUR" }),
    });
    expect(status).to.equal(403);
    expect(body).to.include({ code: "LOG_IS_READ_ONLY", type: "urn:rollcall:problem:log-is-read-only" });
    expect(await reading.store.head()).to.equal(head);
  });

  const record = async (log: EventStore, type: string, order: string) => {
    const event = { id: crypto.randomUUID(), type, data: { order }, metadata: { $correlationId: order } };
    await log.append(`order-${order}`, [event], { expectedRevision: "any" });
  };

  it("keeps flags in a file beside the read models, where instances share them, and shows them over HTTP", async () => {
    const { store: file, readModels } = to.shared();
    const log = await openSqliteEventStore({ file });
    const definition = application({ observers: [Payments] });
    const configuration = { store: file, readModels, readOnly: true, http: { host: "127.0.0.1", port: 0 } };
    const [first, second] = [
      await Rollcall.open(definition, configuration),
      await Rollcall.open(definition, configuration),
    ];
    try {
      await Promise.all([first.start(), second.start()]);
      await record(log, "Ordered", "a");
      await new Promise((resolve) => setTimeout(resolve, 30));
      await record(log, "Ordered", "b");
      await record(log, "Paid", "b");
      await record(log, "Paid", "a");
      await record(log, "Unrelated", "a");
      const flags = async () => {
        const { body } = await to.ask(second, "/observers/payments/cases/a");
        return ((body as { flags?: { flag: string }[] }).flags ?? []).length;
      };
      await until("it is flagged", async () => (await flags()) === 2);
      expect(existsSync(join(readModels, "..", "read-models.observers.sqlite"))).to.equal(true);
      expect(await log.head()).to.equal(5n);
      // The timeline has both, page by page.
      const types: string[] = [];
      for (let path: string | undefined = "/correlations/a?limit=2"; path;) {
        const { body } = (await to.ask(first, path)) as unknown as {
          body: { items: { type: string }[]; nextCursor?: string };
        };
        types.push(...body.items.map(({ type }) => type));
        path = body.nextCursor && `/correlations/a?limit=2&after=${body.nextCursor}`;
      }
      expect(types).to.have.members(["Ordered", "Paid", "Unrelated", "observer.Missing", "observer.LateArrival"]);
      expect(types).to.have.length(5);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
      await log.close();
    }
  });

  it("leaves a log of the caller's open", async () => {
    const log = new MemoryEventStore();
    const rollcall = await Rollcall.open(
      application({ observers: [Payments] }),
      { readModels: "memory:", readOnly: true },
      { store: log },
    );
    await rollcall.stop();
    expect(await log.head()).to.equal(undefined);
  });

  it("says when there is no such log, and when the read models are of another", async () => {
    const { store, readModels } = to.shared();
    const definition = application({ observers: [Payments] });
    const refused = await refusal(Rollcall.open(definition, { store, readModels, readOnly: true }));
    expect(refused).to.be.instanceOf(InvalidConfiguration);
    expect(existsSync(store)).to.equal(false);
    const [one, other] = [new MemoryEventStore(), new MemoryEventStore()];
    const first = await Rollcall.open(definition, { readModels, readOnly: true }, { store: one });
    await first.stop();
    const another = await refusal(Rollcall.open(definition, { readModels, readOnly: true }, { store: other }));
    expect(another).to.be.instanceOf(IncompatibleStore);
  });
});
