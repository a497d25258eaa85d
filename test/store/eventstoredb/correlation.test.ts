/** Reading by correlation id where the server keeps no index by it: by an index of our own. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { EventStoreDbEventStore, EventStoreDbSettings } from "../../../src/store/eventstoredb/index.js";
import { append, correlated, CorrelationServer, idsOf, indexed, truncate } from "./correlation-server.js";
import { closeAll, eventsOf, storeOf } from "./stores.js";
import { event } from "./wire.js";

describe("Reading by correlation id where no projection runs", () => {
  let server: CorrelationServer;
  let folder: string;
  let file: string;
  let store: EventStoreDbEventStore;

  const open = (settings: EventStoreDbSettings = {}, on: CorrelationServer = server) =>
    storeOf(
      { connectionString: on.server.connectionString },
      { correlationIndexFile: file, readTimeoutMs: 20_000, ...settings },
    );

  beforeEach(async () => {
    server = await CorrelationServer.start();
    folder = mkdtempSync(join(tmpdir(), "rollcall-correlations-"));
    file = join(folder, "below", "index.sqlite");
    store = open();
  });
  afterEach(async () => {
    await closeAll();
    await server.server.remove();
    rmSync(folder, { recursive: true });
  });

  it("finds what is there, and what came since, in the order of the log", async () => {
    const first = await append(store, "a-1", correlated("x"), correlated("y"), correlated(undefined));
    const second = await append(store, "b-1", correlated("x"));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([first[0], second[0]]);
    const third = await append(store, "a-1", correlated("x"));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([first[0], second[0], third[0]]);
    expect(await idsOf(store.readCorrelation("y"))).to.deep.equal([first[1]]);
    expect(await idsOf(store.readCorrelation("z"))).to.deep.equal([]);
    expect(await idsOf(store.readCorrelation(""))).to.deep.equal([]);
  });

  it("gives the events as every other read does", async () => {
    await append(store, "a-1", correlated("x"), correlated("x", { data: Uint8Array.of(0, 255) }));
    const [one, other] = [await eventsOf(store.readCorrelation("x")), await eventsOf(store.readStream("a-1"))];
    expect(one).to.have.length(2);
    expect(one.map(({ position, revision, data, metadata }) => ({ position, revision, data, metadata }))).to.deep.equal(
      other.map(({ position, revision, data, metadata }) => ({ position, revision, data, metadata })),
    );
  });

  it("leaves out links, and what the server writes for itself", async () => {
    const ids = await append(store, "a-1", correlated("x"));
    await append(store, "mine", correlated("x", { type: "$>", data: new TextEncoder().encode("0@a-1") }));
    await append(store, "$$a-1", correlated("x", { type: "$metadata", data: { $maxCount: 5 } }));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
  });

  it("is not misled by links that a projection wrote before it was disabled", async () => {
    const before = await append(store, "a-1", correlated("x"), correlated("x"));
    await server.enable();
    await server.disable();
    const after = await append(store, "a-1", correlated("x"));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([...before, ...after]);
  });

  it("makes its file, and the folder, at the first use", async () => {
    await append(store, "a-1", correlated("x"));
    expect(existsSync(join(folder, "below"))).to.equal(false);
    await idsOf(store.readCorrelation("x"));
    expect(indexed(file)!.log).to.equal(await store.storeId());
  });

  it("keeps a temporary index where no file is stated", async () => {
    const other = open({ correlationIndexFile: undefined });
    const ids = await append(store, "a-1", correlated("x"));
    expect(await idsOf(other.readCorrelation("x"))).to.deep.equal(ids);
    ids.push(...(await append(store, "a-1", correlated("x"))));
    expect(await idsOf(other.readCorrelation("x"))).to.deep.equal(ids);
    expect(server.subscribedFrom[0]).to.equal(undefined);
    expect(server.subscribedFrom.slice(1).every((from) => from !== undefined)).to.equal(true);
    expect(existsSync(join(folder, "below"))).to.equal(false);
  });

  it("goes on from its file, and looks at the log only when there is something new", async () => {
    const ids = await append(store, "a-1", correlated("x"), correlated("x"));
    await idsOf(store.readCorrelation("x"));
    await idsOf(store.readCorrelation("y"));
    expect(server.subscribedFrom).to.deep.equal([undefined]);
    const through = indexed(file)!.through!;
    await store.close();
    store = open();
    ids.push(...(await append(store, "b-1", correlated("x"))));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(ids);
    expect(server.subscribedFrom).to.deep.equal([undefined, String(through)]);
  });

  it("does not look twice at a stretch in which nothing is of interest", async () => {
    await append(store, "$$a-1", ...Array.from({ length: 50 }, () => event({ type: "$metadata" })));
    await idsOf(store.readCorrelation("x"));
    expect(BigInt(indexed(file)!.through!)).to.equal(await store.head());
    await idsOf(store.readCorrelation("x"));
    expect(server.subscribedFrom).to.have.length(1);
  });

  it("begins anew for another log, and again for the first one", async () => {
    const other = await CorrelationServer.start();
    try {
      const here = await append(store, "a-1", correlated("x"), correlated("x"));
      expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(here);
      const there = open({}, other);
      const ids = await append(there, "b-1", correlated(undefined), correlated("x"));
      expect(await idsOf(there.readCorrelation("x"))).to.deep.equal([ids[1]]);
      expect(indexed(file)!.log).to.equal(await there.storeId());
      expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(here);
    } finally {
      await other.server.remove();
    }
  });

  it("notices that an old copy of the log was put back", async () => {
    const copy = join(folder, "copy.sqlite");
    const kept = await append(store, "a-1", correlated("x"));
    const log = await store.storeId(); // written now, so the copy has it
    await server.server.stop();
    await copyFile(server.server.file, copy);
    await server.server.start();
    const lost = await append(store, "a-1", correlated("y"), correlated("y"), correlated("y"));
    expect(await idsOf(store.readCorrelation("y"))).to.deep.equal(lost);
    const { through } = indexed(file)!;
    await server.server.stop();
    await copyFile(copy, server.server.file);
    await server.server.start();
    expect(await idsOf(store.readCorrelation("x")), "while it is shorter than the index").to.deep.equal(kept);
    kept.push(...(await append(store, "a-1", correlated("x"))));
    expect(await idsOf(store.readCorrelation("x")), "while it is shorter still").to.deep.equal(kept);
    // A server that only lags behind others looks alike: so the index is kept for now.
    expect(indexed(file)!.through).to.equal(through);
    kept.push(...(await append(store, "a-1", ...Array.from({ length: 9 }, () => correlated("x")))));
    expect(await idsOf(store.readCorrelation("x")), "when it went on differently").to.deep.equal(kept);
    expect(await idsOf(store.readCorrelation("y"))).to.deep.equal([]);
    expect(await store.storeId()).to.equal(log);
  });

  it("shows what streams hide as long as the log has it, and leaves out what was scavenged", async () => {
    const three = () => [correlated("x"), correlated("x"), correlated("x")];
    const deleted = await append(store, "deleted", ...three());
    const tombstoned = await append(store, "tombstoned", ...three());
    const truncated = await append(store, "truncated", ...three());
    const all = [...deleted, ...tombstoned, ...truncated];
    await idsOf(store.readCorrelation("x"));
    await store.deleteStream("deleted", { expectedRevision: "any" });
    await store.deleteStream("tombstoned", { expectedRevision: "any", permanently: true });
    await truncate(store, "truncated", 2);
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(all);
    const gone = new Set([...deleted.slice(0, 2), ...tombstoned, ...truncated.slice(0, 2)]);
    const found = await eventsOf(store.readCorrelation("x"));
    await server.scavenge(found.filter(({ id }) => gone.has(id)).map(({ position }) => position));
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal(all.filter((id) => !gone.has(id)));
  });

  it("begins anew when the event by which it knows the log was scavenged", async () => {
    const ids = await append(store, "a-1", correlated("x"), correlated("x"));
    await idsOf(store.readCorrelation("x"));
    await truncate(store, "a-1", 2);
    const [, last] = await eventsOf(store.readCorrelation("x"));
    await server.scavenge([last!.position]);
    expect(await idsOf(store.readCorrelation("x"))).to.deep.equal([ids[0]]);
  });

  const strange = [
    "%",
    "a-b@$c/../d?e#f",
    "'; DROP TABLE event",
    "x\0y",
    "x",
    "\u00e9",
    "e\u0301",
    "🎉",
    " ",
    "\ufffd",
  ];
  for (const running of [false, true])
    it(`tells ids apart whatever their characters and length ${running ? "by the projection" : "by its index"}`, async () => {
      // As a foreign writer would: half a surrogate pair, as JSON can say it.
      const halves = correlated(undefined, { metadata: new TextEncoder().encode('{"$correlationId":"\\ud83c"}') });
      const long = "long ".repeat(20_000);
      const names = [...strange, long, `${long}.`];
      const ids = await append(store, "a-1", ...names.map((name) => correlated(name)), halves);
      if (running) await server.enable();
      const found: Record<string, string[]> = {};
      for (const name of [...names, "\ud83c"]) found[name] = await idsOf(store.readCorrelation(name));
      expect(found).to.deep.equal(Object.fromEntries([...names, "\ud83c"].map((name, i) => [name, [ids[i]]])));
    });
});
