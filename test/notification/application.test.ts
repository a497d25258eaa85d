/** Notifications in a running application: told over HTTP how they are, and untouched by a rebuild. */

import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import {
  application,
  DomainEvent,
  flagCategoryOf,
  logNotification,
  MemoryEventStore,
  metrics,
  Observer,
  Rollcall,
  webhook,
  whenever,
  type EventStore,
  type ParkedEvent,
  type StatedConfiguration,
} from "../../src/index.js";
import { record } from "../subscription/things.js";
import { until } from "../until.js";
import { Receiver, secret } from "./receiver.js";

class Asked extends DomainEvent("asking.Asked") {}

@Observer({ name: "answers", version: 1 })
class Answers {
  readonly answered = whenever(Asked).expect("asking.Answered").within({ milliseconds: 20 });
}

describe("an application with notifications", () => {
  let receiver: Receiver;
  let lines: string[];
  const running: Rollcall[] = [];
  beforeEach(async () => {
    receiver = await Receiver.start();
    lines = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((rollcall) => rollcall.stop()));
    await receiver.close();
  });

  async function open(
    configuration: StatedConfiguration = {},
    onParked?: (event: ParkedEvent) => void,
    store?: EventStore,
  ) {
    const rollcall = await Rollcall.open(
      application({
        domains: [],
        observers: [Answers],
        notifications: [
          webhook({ name: "ops", url: receiver.url, secret }),
          logNotification({ name: "log", write: (line) => lines.push(line) }),
          metrics({ name: "metrics" }),
        ],
      }),
      { store: "memory:", readModels: "memory:", http: { host: "127.0.0.1", port: 0 }, ...configuration },
      { ...(onParked && { onParked }), ...(store && { store }) },
    );
    running.push(rollcall);
    await rollcall.start();
    return rollcall;
  }

  const ask = async (rollcall: Rollcall, path: string) => {
    const response = await fetch(rollcall.url + path);
    return { status: response.status, text: await response.text() };
  };
  const json = async (rollcall: Rollcall, path: string) =>
    JSON.parse((await ask(rollcall, path)).text) as { subscriptions: { kind: string }[]; items: { error: string }[] };
  const ready = (rollcall: Rollcall) =>
    until("it is ready", async () => (await ask(rollcall, "/ready")).status === 200);

  it("tells each of what its observer flags, and a rebuild of that observer tells nobody anything again", async () => {
    const rollcall = await open();
    await ready(rollcall);
    await record(rollcall.store, "question-1", [Asked.of({})], { $correlationId: "process-1" });
    await until("it is told", () => receiver.received.length === 1);
    expect(receiver.received[0]!.flag).to.include({ kind: "Missing", observer: "answers", case: "process-1" });
    await until("it is logged", () => lines.length === 1);
    const head = await rollcall.store.head();
    await rollcall.rebuild("answers");
    // Another one proves that whatever the rebuild did has been read.
    await record(rollcall.store, "question-2", [Asked.of({})], { $correlationId: "process-2" });
    await until("the next is told", () => receiver.received.length > 1);
    await until("the next is logged", () => lines.length > 1);
    expect(await rollcall.store.head()).to.not.equal(head);
    expect(receiver.received.map(({ flag }) => flag.case)).to.deep.equal(["process-1", "process-2"]);
    expect(lines.map((line) => (JSON.parse(line) as { case: string }).case)).to.deep.equal(["process-1", "process-2"]);
    await until("they are counted", async () =>
      (await ask(rollcall, "/metrics")).text.includes(
        'rollcall_flags_total{observer="answers",slot="answered",kind="Missing",severity=""} 2\n',
      ),
    );
  });

  it("lists them in its status with what they have parked, and shows that, without any secret", async () => {
    receiver.answer = () => ({ status: 410 });
    const told: ParkedEvent[] = [];
    const rollcall = await open({}, (event) => told.push(event));
    await ready(rollcall);
    await record(rollcall.store, "question-1", [Asked.of({})], { $correlationId: "process-1" });
    await until("it is parked", () => told.length === 1);
    expect(told[0]).to.include({ subscription: "notification:ops", eventId: receiver.ids[0] });
    const { subscriptions } = await json(rollcall, "/status");
    const lag = { events: 0, more: false, seconds: 0 };
    await until("nothing is left", async () =>
      (await json(rollcall, "/status")).subscriptions.every(
        (each) => (each as unknown as { lag: typeof lag }).lag.events === 0,
      ),
    );
    expect(subscriptions.map(({ kind }) => kind)).to.deep.equal([
      "observer",
      "notification",
      "notification",
      "notification",
    ]);
    expect(subscriptions[1])
      .to.include({ name: "ops", state: "live", parked: 1 })
      .and.not.have.any.keys("version", "uncorrelated");
    expect((await json(rollcall, "/notifications")).items).to.deep.equal([
      { name: "ops", parkedCount: 1, parked: "/notifications/ops/parked" },
      { name: "log", parkedCount: 0, parked: "/notifications/log/parked" },
      { name: "metrics", parkedCount: 0, parked: "/notifications/metrics/parked" },
    ]);
    const { items } = await json(rollcall, "/notifications/ops/parked");
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ eventType: "observer.Missing", attempts: 1 });
    expect(items[0]!.error).to.match(/found 410\. The receiver is gone for good/);
    for (const path of ["/status", "/notifications", "/notifications/ops/parked", "/metrics", "/ready"]) {
      const { status, text } = await ask(rollcall, path);
      expect(status, path).to.equal(200);
      for (const hidden of ["hidden", secret, secret.slice("whsec_".length)]) expect(text, path).to.not.include(hidden);
    }
  });

  it("tells flags in the processes that have the role alone", async () => {
    const rollcall = await open({ roles: ["observer", "http"] });
    await ready(rollcall);
    await record(rollcall.store, "question-1", [Asked.of({})], { $correlationId: "process-1" });
    const flags = { filter: { streamPrefixes: [flagCategoryOf(rollcall.store)] } };
    await until("it is flagged", async () => {
      for await (const _ of rollcall.store.readLog(flags)) return true;
      return false;
    });
    expect(await rollcall.readModels.loadCheckpoint("notification:ops")).to.equal(undefined);
    const { subscriptions } = await json(rollcall, "/status");
    expect(subscriptions[1]).to.include({ name: "ops", kind: "notification", state: "elsewhere", parked: 0 });
    expect(receiver.received).to.deep.equal([]);
  });

  it("tells flags of a log that is only read, wherever they are kept, and writes nothing into it", async () => {
    const log = new MemoryEventStore();
    // More than there will be flags: positions of the one are none of the other.
    for (let i = 0; i < 5; i++) await record(log, `question-0${i}`, [Asked.of({})]);
    const rollcall = await open({ readOnly: true }, undefined, log);
    await ready(rollcall);
    await record(log, "question-1", [Asked.of({})], { $correlationId: "process-1" });
    await sleep(50);
    await record(log, "question-2", [Asked.of({})], { $correlationId: "process-2" });
    await until("it is told", () => receiver.received.some(({ flag }) => flag.case === "process-1"));
    await until("it is at its end", async () => {
      const checkpoint = await rollcall.readModels.loadCheckpoint("notification:ops");
      return checkpoint?.position === (await rollcall.flagsStore.head());
    });
    const { subscriptions } = await json(rollcall, "/status");
    expect(subscriptions[1]).to.deep.include({ name: "ops", lag: { events: 0, more: false, seconds: 0 } });
    expect(await log.head()).to.equal(7n);
    await log.close();
  });

  it("is not ready when one of them has stopped, and says why", async () => {
    const rollcall = await open();
    await ready(rollcall);
    const foreign = { storeId: "another-log", position: 1n, handled: 1, recordedAtMs: undefined };
    await rollcall.stop();
    const again = await Rollcall.open(
      application({ domains: [], notifications: [logNotification({ name: "log", write: () => undefined })] }),
      { store: "memory:", readModels: "memory:", roles: ["notification"] },
    );
    running.splice(0, running.length, again);
    const lease = (await again.readModels.acquire("notification:log", "test", 1_000))!;
    await again.readModels.saveCheckpoint(lease, foreign);
    await again.readModels.release(lease);
    await again.start();
    const { readiness } = again.queryContext();
    await until(
      "it has stopped",
      async () => !(await readiness()).ready && (await readiness()).reasons[0]!.includes("stopped"),
    );
    expect((await readiness()).reasons).to.have.length(1);
    expect((await readiness()).reasons[0]).to.match(
      /^The notification log is stopped: notification:log: its checkpoint is of log another-log, .* cannot be rebuilt/,
    );
  });
});
