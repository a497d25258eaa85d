/** Reads of streams over EventStoreDB when all is not well, and of what foreign writers have stored. */

import { createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { status } from "@grpc/grpc-js";
import { expect } from "chai";
import {
  AccessDenied,
  IncompatibleStore,
  StoreUnavailable,
  StreamDeleted,
  UnexpectedAnswer,
} from "../../../src/errors.js";
import { until } from "../../until.js";
import { closeAll, eventsOf, rejection, scripted, storeOf } from "./stores.js";
import { failing, type ReadingCall } from "./scripted-server.js";
import { events, notFound, readEvent, revisionAsked, type Stored } from "./wire.js";

const send = (call: ReadingCall, answers: Iterable<Parameters<ReadingCall["write"]>[0]>) => {
  for (const answer of answers) call.write(answer);
};

const revisionsOf = (found: readonly { readonly revision: bigint }[]) => found.map(({ revision }) => Number(revision));
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("a read of a stream of EventStoreDB", () => {
  afterEach(closeAll);

  const interruptions: Record<string, (call: ReadingCall) => void> = {
    "answers UNAVAILABLE": (call) => void call.emit("error", failing(status.UNAVAILABLE, "gone")),
    "cancels it": (call) => void call.emit("error", failing(status.CANCELLED, "cancelled")),
    "resets it": (call) =>
      void call.emit("error", failing(status.INTERNAL, "Received RST_STREAM with code 2 (Internal server error)")),
    "falls silent": () => {},
    "is no leader any more, and does not say who is": (call) =>
      void call.emit("error", failing(status.NOT_FOUND, "leader", { exception: "not-leader" })),
  };
  for (const [what, fail] of Object.entries(interruptions))
    for (const direction of ["forwards", "backwards"] as const)
      it(`goes on ${direction} where it was when the server ${what}, without losing or doubling an event`, async () => {
        const { server, store } = await scripted(
          {
            read: (call, nth) => {
              const asked = revisionAsked(call.request);
              if (direction === "forwards") {
                const from = Number(asked ?? 0);
                send(call, events(nth === 3 ? 10 - from : 4, from));
              } else {
                const from = Number(asked ?? 9);
                send(
                  call,
                  events(from + 1)
                    .toReversed()
                    .slice(0, nth === 3 ? 10 : 4),
                );
              }
              if (nth === 3) call.end();
              else fail(call);
            },
          },
          { readTimeoutMs: 1_000 },
        );
        const expected = direction === "forwards" ? upTo(10) : upTo(10).toReversed();
        expect(revisionsOf(await eventsOf(store.readStream("order-1", { direction })))).to.deep.equal(expected);
        expect(server.reads).to.have.length(3);
        expect(new Set(server.reads.map(revisionAsked)).size).to.equal(3);
      });

  it("refuses an event of a transaction, which has no position of its own", async () => {
    const { store } = await scripted({
      read: (call) => {
        send(call, [readEvent({ revision: 0, position: 400, prepared: 300 })]);
        call.end();
      },
    });
    const error = await rejection(eventsOf(store.readStream("order-1")));
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.match(/transactions/);
  });

  it("asks for no more than is left of its limit", async () => {
    const { server, store } = await scripted({
      read: (call, nth) => {
        const from = Number(revisionAsked(call.request) ?? 0);
        send(call, events(Math.min(3, Number(call.request.getOptions()!.getCount())), from));
        if (nth === 1) call.emit("error", failing(status.UNAVAILABLE, "gone"));
        else call.end();
      },
    });
    expect(revisionsOf(await eventsOf(store.readStream("order-1", { limit: 5 })))).to.deep.equal(upTo(5));
    expect(server.reads.map((read) => read.getOptions()!.getCount())).to.deep.equal(["5", "2"]);
  });

  it("fails when interruptions last, and says what the last one was", async () => {
    const { server, store } = await scripted(
      { read: (call) => void call.emit("error", failing(status.UNAVAILABLE, "Server Is Not Ready")) },
      { readTimeoutMs: 300 },
    );
    const error = await rejection(eventsOf(store.readStream("order-1")));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message)
      .to.match(/read order-1/)
      .and.match(/Server Is Not Ready/);
    expect(server.reads.length).to.be.greaterThan(1);
  });

  const refusals: [what: string, error: Error, is: new (...args: never[]) => Error, message: RegExp][] = [
    [
      "the stream was deleted for good",
      failing(status.FAILED_PRECONDITION, "deleted", { exception: "stream-deleted", "stream-name": "order-1" }),
      StreamDeleted,
      /order-1/,
    ],
    [
      "the stream was deleted for good, without its name",
      failing(status.FAILED_PRECONDITION, "deleted", { exception: "stream-deleted" }),
      StreamDeleted,
      /order-1/,
    ],
    [
      "the user may not",
      failing(status.PERMISSION_DENIED, "Access Denied", { exception: "access-denied" }),
      AccessDenied,
      /an anonymous user[^]*read order-1/,
    ],
    ["the user is not known", failing(status.UNAUTHENTICATED, ""), AccessDenied, /password/],
    [
      "it is for reasons of its own",
      failing(status.INTERNAL, "the disk is full"),
      UnexpectedAnswer,
      /the disk is full/,
    ],
  ];
  for (const [what, error, is, message] of refusals)
    it(`fails at once, in words of our own, when ${what}`, async () => {
      const { server, store } = await scripted({ read: (call) => void call.emit("error", error) });
      const found = await rejection(eventsOf(store.readStream("order-1")));
      expect(found).to.be.instanceOf(is).and.have.property("message").match(message);
      expect(server.reads).to.have.length(1);
    });

  it("finds nothing in a stream that is not there, or was deleted softly", async () => {
    const { store } = await scripted({
      read: (call) => {
        call.write(notFound());
        call.end();
      },
    });
    expect(await eventsOf(store.readStream("order-1"))).to.deep.equal([]);
  });

  it("does not ask for names and revisions that cannot be", async () => {
    const { server, store } = await scripted({});
    expect(await eventsOf(store.readStream(""))).to.deep.equal([]);
    expect(await eventsOf(store.readStream("order-\ud83d"))).to.deep.equal([]);
    expect(await eventsOf(store.readStream("order-1", { from: 2n ** 70n }))).to.deep.equal([]);
    expect(await eventsOf(store.readStream("order-1", { direction: "backwards", from: -1n }))).to.deep.equal([]);
    expect(server.reads).to.deep.equal([]);
  });

  it("holds up the server while nobody takes what comes", async () => {
    const total = 200_000;
    let sent = 0;
    const { store } = await scripted({
      read: (call) => {
        const data = JSON.stringify({ text: "x".repeat(200) });
        const more = () => {
          while (sent < total) if (!call.write(readEvent({ revision: sent, position: sent++, data }))) return;
          call.end();
        };
        call.on("drain", more);
        more();
      },
    });
    const pages = store.readStream("order-1")[Symbol.asyncIterator]();
    const page = (await pages.next()).value!;
    expect(page.length).to.be.at.most(256);
    // Until nothing moves any more: the answers on their way fill the windows of the connection.
    let before = -1;
    await until("the server waits", () => {
      const isStill = before === sent;
      before = sent;
      return isStill;
    });
    expect(sent).to.be.lessThan(5_000);
    await pages.return!();
  });

  it("goes on beside many others", async () => {
    const { server, store } = await scripted({
      read: (call) => {
        send(call, events(3));
        setImmediate(() => call.end());
      },
    });
    const reads = Array.from({ length: 100 }, () => eventsOf(store.readStream("order-1")));
    for (const found of await Promise.all(reads)) expect(revisionsOf(found)).to.deep.equal([0, 1, 2]);
    expect(server.reads).to.have.length(100);
  });

  it("delivers pages that are bounded in bytes too", async () => {
    const data = JSON.stringify({ text: "x".repeat(1_000_000) });
    const { store } = await scripted({
      read: (call) => {
        for (let i = 0; i < 20; i++) call.write(readEvent({ revision: i, position: i, data }));
        call.end();
      },
    });
    const sizes: number[] = [];
    for await (const page of store.readStream("order-1")) {
      sizes.push(page.length);
      await new Promise((resolve) => setTimeout(resolve, 50)); // so that more would come if it were let
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(20);
    expect(Math.max(...sizes)).to.be.lessThan(10);
  });

  describe("from a server that takes connections and never says a word", () => {
    let mute: Server;
    const sockets = new Set<Socket>();
    beforeEach(async () => {
      mute = createServer((socket) => sockets.add(socket.on("error", () => {})));
      await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    });
    afterEach(async () => {
      await closeAll();
      for (const socket of sockets) socket.destroy();
      mute.close();
    });

    it("fails, as does everything else", async () => {
      const connectionString = `esdb://127.0.0.1:${(mute.address() as AddressInfo).port}?tls=false`;
      const store = storeOf({ connectionString }, { readTimeoutMs: 200, appendDeadlineMs: 200 });
      const uses: Record<string, Promise<unknown>> = {
        readStream: eventsOf(store.readStream("order-1")),
        readLog: eventsOf(store.readLog()),
        subscribe: store.subscribe()[Symbol.asyncIterator]().next(),
        head: store.head(),
        storeId: store.storeId(),
        check: store.check(),
        append: store.append("order-1", [{ id: "7c2f2d0e-6f0f-4f59-8d7d-2a5a3c1b9a10", type: "x", data: {} }], {
          expectedRevision: "any",
        }),
        delete: store.deleteStream("order-1", { expectedRevision: "any" }),
      };
      const errors = await Promise.all(Object.values(uses).map(rejection));
      expect(Object.keys(uses).map((use, i) => [use, errors[i]!.code])).to.deep.equal(
        Object.keys(uses).map((use) => [use, "STORE_UNAVAILABLE"]),
      );
    });
  });

  async function read(...stored: Parameters<typeof readEvent>[]) {
    const { store } = await scripted({
      read: (call) => {
        for (const each of stored) call.write(readEvent(...each));
        call.end();
      },
    });
    return eventsOf(store.readStream("order-1"));
  }
  const one = async (changes: Partial<Stored>) => (await read([{ revision: 0, position: 0, ...changes }]))[0]!;

  it("keeps positions and revisions above 2^53 exact", async () => {
    const [odd, next] = await read(
      [{ revision: 2n ** 53n + 1n, position: 2n ** 53n + 3n }],
      [{ revision: 2n ** 63n - 2n, position: 2n ** 63n - 1n }],
    );
    expect([odd!.revision, odd!.position]).to.deep.equal([2n ** 53n + 1n, 2n ** 53n + 3n]);
    expect([next!.revision, next!.position]).to.deep.equal([2n ** 63n - 2n, 2n ** 63n - 1n]);
  });

  it("goes on behind a revision above 2^53", async () => {
    const { server, store } = await scripted({
      read: (call, nth) => {
        if (nth === 2) return call.end();
        call.write(readEvent({ revision: 2n ** 53n + 1n, position: 1 }));
        call.emit("error", failing(status.UNAVAILABLE, "gone"));
      },
    });
    await eventsOf(store.readStream("order-1"));
    expect(revisionAsked(server.reads[1]!)).to.equal(String(2n ** 53n + 2n));
  });

  it("refuses to work with a server that does not state positions", async () => {
    const error = await rejection(read([{ revision: 0, position: "18446744073709551615" }]));
    expect(error)
      .to.be.instanceOf(IncompatibleStore)
      .and.have.property("message")
      .match(/22[.]6/);
  });

  it("tells JSON from what only says that it is", async () => {
    expect((await one({ data: '"{oops"' })).data).to.equal("{oops");
    for (const data of ["{oops", "", "\ufeff{}"]) {
      const event = await one({ data });
      expect(event.data, data).to.be.instanceOf(Uint8Array);
      expect(Buffer.from(event.data as Uint8Array).toString()).to.equal(data);
    }
    const bytes = await one({ data: Uint8Array.of(0x22, 0xff, 0x22) });
    expect(bytes.data).to.deep.equal(Uint8Array.of(0x22, 0xff, 0x22));
    const binary = await one({ data: "{}", contentType: "application/octet-stream" });
    expect([binary.data, binary.contentType]).to.deep.equal([Uint8Array.of(123, 125), "application/octet-stream"]);
  });

  it("bears with metadata of any kind, and parses it once", async () => {
    for (const metadata of ["null", "[1]", '"text"', "{oops", Uint8Array.of(0, 255)]) {
      const event = await one({ metadata });
      expect(event.metadata).to.deep.equal({});
      expect(event.rawMetadata).to.be.instanceOf(Uint8Array);
      expect([event.correlationId, event.schemaVersion]).to.deep.equal([undefined, 1]);
    }
    expect((await one({})).rawMetadata).to.equal(undefined);
    const event = await one({ metadata: '{"$correlationId":"c","$causationId":"d","schemaVersion":2}' });
    expect([event.correlationId, event.causationId, event.schemaVersion]).to.deep.equal(["c", "d", 2]);
    expect(event.metadata).to.equal(event.metadata);
  });

  it("shows links as the events that they are", async () => {
    const link = await one({ type: "$>", data: "7@order-2", contentType: "application/octet-stream", revision: 3 });
    expect([link.type, link.revision, link.streamName]).to.deep.equal(["$>", 3n, "order-1"]);
    expect(Buffer.from(link.data as Uint8Array).toString()).to.equal("7@order-2");
  });

  it("reads the time in ticks, and bears with none", async () => {
    expect((await one({})).recordedAtMs).to.equal(1_700_000_000_000);
  });
});
