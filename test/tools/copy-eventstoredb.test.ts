import { expect } from "chai";
import { MemoryEventStore, type EventStore } from "../../src/index.js";
import { openEventStoreDb, type EventStoreDbEventStore } from "../../src/store/eventstoredb/index.js";
import { refusedByEventStoreDb } from "../../tools/copy/acceptance.js";
import { copyLog, verifyCopy, type CopyProgress } from "../../tools/copy/copy-log.js";
import { startProxy, type FaultProxy } from "../eventstore/proxy.js";
import { TestServer } from "../eventstore/server.js";
import { temporaryLogs } from "../store/sqlite/folder.js";
import { until } from "../until.js";
import { commands } from "./command.js";
import { append, earlierLog, event, eventsOf, expectCopy, kindsOfData, kindsOfMetadata } from "./copying.js";

describe("a copy of a log to and from EventStoreDB", function () {
  this.timeout(60_000);
  const files = temporaryLogs();
  const at = commands();
  let server: TestServer;
  let there: EventStoreDbEventStore;
  let proxy: FaultProxy;
  const opened: EventStore[] = [];

  beforeEach(async () => {
    server = await TestServer.start();
    proxy = await startProxy({ targetPort: server.port });
    there = await connect(server.port);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await proxy.close();
    await server.remove();
  });

  async function connect(port: number): Promise<EventStoreDbEventStore> {
    const store = await openEventStoreDb({ connectionString: `esdb://127.0.0.1:${port}?tls=false` });
    opened.push(store);
    return store;
  }

  /** Events of every kind that EventStoreDB takes. */
  async function someLog(): Promise<EventStore> {
    const { store, clock } = earlierLog();
    for (const [i, metadata] of kindsOfMetadata.entries())
      for (const [j, content] of kindsOfData.entries()) {
        await clock.advance(i * 1000 + j);
        if (content.contentType?.startsWith("text/")) continue;
        await append(store, `kind-${(i + j) % 5}`, event({ ...content, ...(metadata && { metadata }) }));
      }
    return store;
  }

  it("comes back from there as it went, with one digest all the way", async () => {
    const from = await someLog();
    const { digest, events } = await copyLog({ from, to: there, refuses: refusedByEventStoreDb });
    await expectCopy(from, await withoutOwn(there));
    const back = await files.open();
    const returned = await copyLog({ from: there, to: back, inFlight: 1000 });
    expect(returned).to.include({ events, copied: events, digest });
    await expectCopy(from, back);
    expect((await verifyCopy({ from, to: back })).digest).to.equal(digest);
    expect((await verifyCopy({ from: back, to: there })).digest).to.equal(digest);
    expect(await copyLog({ from, to: there })).to.include({ copied: 0, alreadyThere: events });
  });

  it("is refused, with a list, when the log holds what EventStoreDB would change", async () => {
    const { store: from } = earlierLog();
    await append(from, "a-1", event(), event({ id: "not-a-uuid" }));
    await append(from, "b-1", event({ data: Uint8Array.of(1), contentType: "text/plain" }));
    const error = await copyLog({ from, to: there, refuses: refusedByEventStoreDb }).catch((e: unknown) => e);
    expect(error).to.include({ code: "TARGET_UNSUITABLE", total: 2 });
    expect((error as Error).message).to.include("  1. a-1, revision 1: its id not-a-uuid is no UUID in lower case\n");
    expect((error as Error).message).to.include("  2. b-1, revision 0: its content type text/plain is none that");
    expect(await eventsOf(await withoutOwn(there))).to.deep.equal([]);
  });

  it("goes on over connections that break, without doubling or reordering", async () => {
    const from = await someLog();
    const to = await connect(proxy.port);
    let cuts = 0;
    const onProgress = ({ phase, done }: CopyProgress) => {
      if (phase !== "copying" || done < 20 * (cuts + 1)) return;
      cuts++;
      proxy.cut();
    };
    await copyLog({ from, to, onProgress });
    expect(cuts).to.be.at.least(5);
    await expectCopy(from, await withoutOwn(there));
  });

  it("goes on over a server that is restarted", async () => {
    const from = await someLog();
    let restart: Promise<void> | undefined;
    const onProgress = ({ phase, done }: CopyProgress) => {
      if (phase === "copying" && done > 50) restart ??= server.kill().then(() => server.start());
    };
    await copyLog({ from, to: there, onProgress });
    await restart;
    await expectCopy(from, await withoutOwn(there));
  });

  it("has no stream that is deleted there, and is refused for one that is truncated", async () => {
    for (const stream of ["kept-1", "deleted-1", "gone-1", "short-1"])
      await append(there, stream, event(), event(), event());
    await there.deleteStream("deleted-1", { expectedRevision: 2n });
    await there.deleteStream("gone-1", { expectedRevision: 2n, permanently: true });
    await append(there, "$$short-1", event({ type: "$metadata", data: { $tb: 2 } }));
    const to = new MemoryEventStore();
    const error = await copyLog({ from: there, to }).catch((e: unknown) => e);
    expect(error).to.include({ code: "SOURCE_TRUNCATED" });
    expect(error).to.have.deep.property("streams", [{ streamName: "short-1", begins: 2n }]);
    await copyLog({ from: there, to, leaveOut: ["short-1"] });
    expect((await eventsOf(to)).map(({ streamName }) => streamName)).to.deep.equal(["kept-1", "kept-1", "kept-1"]);
  });

  it("is made by the command, which goes on after Ctrl-C", async () => {
    const from = await files.open({ file: files.file("from.sqlite") });
    const log = Array.from({ length: 900 }, (_, i) => {
      const expectedRevision = i < 3 ? "no_stream" : BigInt(Math.floor(i / 3) - 1);
      return from.append(`s-${i % 3}`, [event()], { expectedRevision });
    });
    await Promise.all(log);
    await from.close();
    const address = server.connectionString;
    const running = at.run("copy", [files.file("from.sqlite"), address]);
    await until("some events are copied", () => server.log.head() > 50);
    const interrupted = await running.interrupt();
    expect(interrupted).to.include({ code: 130, stdout: "" });
    expect(interrupted.stderr).to.match(/Interrupted\. [\d,]+ of 900 events were copied\./);
    const { code, stdout } = await at.end("copy", [files.file("from.sqlite"), address, "--json"]);
    expect(code, stdout).to.equal(0);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result["copied"]! + result["alreadyThere"]!).to.equal(900);
    expect(await at.end("copy", ["--verify", files.file("from.sqlite"), address])).to.include({ code: 0 });
  });
});

/** What users wrote there, as a log in memory that shows the same places. */
async function withoutOwn(store: EventStore): Promise<EventStore> {
  const events = (await eventsOf(store)).filter(
    ({ streamName }) => !streamName.startsWith("$") && streamName !== "rollcall.store",
  );
  const shown = new MemoryEventStore();
  shown.readLog = async function* () {
    if (events.length > 0) yield events;
  };
  return shown;
}
