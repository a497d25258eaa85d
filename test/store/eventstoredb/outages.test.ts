/** The store over EventStoreDB while its server restarts and its connections break. */

import { rm } from "node:fs/promises";
import { expect } from "chai";
import { randomId } from "../../../src/message/index.js";
import type { ExpectedRevision } from "../../../src/store/index.js";
import type { EventStoreDbEventStore } from "../../../src/store/eventstoredb/index.js";
import { startProxy, type FaultProxy } from "../../eventstore/proxy.js";
import { TestServer } from "../../eventstore/server.js";
import { until } from "../../until.js";
import { closeAll, eventsOf, rejection, storeOf } from "./stores.js";
import { event } from "./wire.js";

const idsOf = (events: readonly { readonly id: string }[]) => events.map(({ id }) => id);

describe("while EventStoreDB comes and goes", () => {
  let server: TestServer;
  let proxy: FaultProxy;
  let store: EventStoreDbEventStore;
  let prefix: string;
  beforeEach(async () => {
    server = await TestServer.start();
    proxy = await startProxy({ targetPort: server.port });
    store = through(proxy);
    prefix = `outage${randomId()}`;
  });
  afterEach(async () => {
    await closeAll();
    await proxy.close();
    await server.remove();
  });

  const through = ({ port }: FaultProxy) =>
    storeOf(
      { connectionString: `esdb://127.0.0.1:${port}?tls=false` },
      { appendDeadlineMs: 20_000, readTimeoutMs: 20_000 },
    );

  async function fill(streamName: string, count: number): Promise<string[]> {
    const events = Array.from({ length: count }, () => event());
    for (let i = 0; i < count; i += 500)
      await store.append(streamName, events.slice(i, i + 500), {
        expectedRevision: i === 0 ? "no_stream" : BigInt(i - 1),
      });
    return idsOf(events);
  }

  const outages: Record<string, (nth: number) => void | Promise<void>> = {
    "its connections are reset": () => proxy.cut(),
    "its server restarts with grace": async () => {
      await server.stop();
      await server.start();
    },
    "its server is killed and started again": async () => {
      await server.kill();
      await server.start();
    },
    "it is refused connections for a moment": async () => {
      await proxy.refuse();
      proxy.cut();
      setTimeout(() => void proxy.accept(), 200);
    },
  };
  for (const [what, happen] of Object.entries(outages)) {
    it(`writes each append once, and in order, when ${what}`, async () => {
      const ids: string[] = [];
      let expectedRevision: ExpectedRevision = "no_stream";
      let happening: void | Promise<void> = undefined;
      for (let i = 0; i < 60; i++) {
        // In the middle of an append that is under way.
        const each = event();
        const append = store.append(`${prefix}-1`, [each], { expectedRevision });
        if (i % 20 === 10) {
          await happening;
          happening = happen(i);
        }
        ids.push(each.id);
        expectedRevision = (await append).revision;
        expect(expectedRevision).to.equal(BigInt(i));
      }
      await happening;
      expect(idsOf(await eventsOf(store.readStream(`${prefix}-1`)))).to.deep.equal(ids);
    });

    it(`reads each event once, and in order, when ${what}`, async () => {
      const ids = await fill(`${prefix}-1`, 2_000);
      const reads = {
        forwards: () => store.readStream(`${prefix}-1`),
        backwards: () => store.readStream(`${prefix}-1`, { direction: "backwards" }),
        "the log": () => store.readLog({ filter: { streamPrefixes: [prefix] } }),
      };
      for (const [way, read] of Object.entries(reads)) {
        const found: string[] = [];
        let pages = 0;
        for await (const page of read()) {
          if (pages++ % 3 === 1) await happen(pages);
          found.push(...idsOf(page));
        }
        expect(found, way).to.deep.equal(way === "backwards" ? ids.toReversed() : ids);
      }
    });

    it(`follows the log without a gap when ${what}`, async () => {
      const total = 300;
      const appended: string[] = [];
      const appending = (async () => {
        for (let i = 0; i < total; i += 3) {
          const events = [event(), event(), event()];
          await store.append(`${prefix}-${i}`, events, { expectedRevision: "no_stream" });
          appended.push(...idsOf(events));
        }
      })();
      const found: string[] = [];
      let happened = 0;
      let saidAtTheEnd = false;
      for await (const message of store.subscribe({ filter: { streamPrefixes: [prefix] } })) {
        if (message.kind === "events") found.push(...idsOf(message.events));
        else if (found.length === total) saidAtTheEnd = true;
        if (saidAtTheEnd) break;
        if (found.length > 100 * happened + 50 && happened < 3) await happen(++happened);
      }
      await appending;
      expect(found).to.deep.equal(appended);
    });
  }

  const uses: Record<string, (store: EventStoreDbEventStore, streamName: string) => Promise<unknown>> = {
    "an append": (each, streamName) => each.append(streamName, [event()], { expectedRevision: 9n }),
    "a read": async (each, streamName) => expect(await eventsOf(each.readStream(streamName))).to.have.length(10),
    "a read of the log": (each) => eventsOf(each.readLog()),
  };
  for (const [what, use] of Object.entries(uses))
    it(`tries another connection for ${what} when nothing moves on the present one`, async () => {
      const streamName = `${prefix}-1`;
      await fill(streamName, 10);
      const quick = storeOf(
        { connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false` },
        { appendDeadlineMs: 8_000, readTimeoutMs: 2_000 },
      );
      await quick.append(`${prefix}-2`, [event()], { expectedRevision: "any" });
      proxy.stall();
      const { taken } = proxy;
      const used = use(quick, streamName);
      await until("another connection is tried", () => proxy.taken > taken);
      proxy.resume();
      await used;
    });

  it("stops a subscription in sight when the server comes back with a certificate that is not trusted", async () => {
    const secure = await TestServer.start({ tls: true });
    try {
      const messages = storeOf({ connectionString: secure.connectionString }, { readTimeoutMs: 200_000 }).subscribe();
      const stopped = rejection(
        (async () => {
          for await (const { kind } of messages)
            if (kind === "caughtUp") {
              await secure.stop();
              for (const file of [secure.caFile, secure.caFile.replace(/crt$/, "key")]) await rm(file);
              await secure.start();
            }
        })(),
      );
      expect((await stopped).code).to.equal("UNTRUSTED_CONNECTION");
    } finally {
      await closeAll();
      await secure.remove();
    }
  });

  it("is unavailable while it is away, and of use as soon as it is back", async () => {
    const away = storeOf(
      { connectionString: `esdb://127.0.0.1:${proxy.port}?tls=false` },
      { appendDeadlineMs: 300, readTimeoutMs: 300 },
    );
    await server.kill();
    const uses = [
      away.append(`${prefix}-1`, [event()], { expectedRevision: "any" }),
      eventsOf(away.readStream(`${prefix}-1`)),
      eventsOf(away.readLog()),
      away.head(),
    ];
    for (const use of await Promise.all(uses.map(rejection))) expect(use.code).to.equal("STORE_UNAVAILABLE");
    await server.start();
    await until("it can be used", async () => (await away.head().catch(() => "away")) !== "away");
    expect((await store.append(`${prefix}-1`, [event()], { expectedRevision: "no_stream" })).revision).to.equal(0n);
  });
});
