/** Appends over EventStoreDB when all is not well: each comes to an end, counts once, and concerns nobody else. */

import { status } from "@grpc/grpc-js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import type { BatchAppendReq } from "@eventstore/db-client/generated/streams_pb.js";
import { expect } from "chai";
import {
  AccessDenied,
  IncompatibleStore,
  InvalidAppend,
  StoreUnavailable,
  StreamDeleted,
  UnexpectedAnswer,
  WrongExpectedRevision,
} from "../../../src/errors.js";
import { until } from "../../until.js";
import { closeAll, rejection, scripted, serverOf, storeOf } from "./stores.js";
import { failing, type BatchCall, type Script } from "./scripted-server.js";
import { event, eventIds, readEvent, refused, streamOf, written } from "./wire.js";
import { stopwatch } from "../../stopwatch.js";

const first = { expectedRevision: "no_stream" } as const;

/** Fails the first stream of appends in some way, and answers on the later ones. */
const failingOnce = (fail: (call: BatchCall, message: BatchAppendReq) => void): Script => ({
  batchMessage: (message, call, nth) => {
    if (nth === 1) fail(call, message);
    else call.write(written(message, 0, 100));
  },
});

describe("an append to EventStoreDB", () => {
  afterEach(closeAll);

  it("fails at its deadline when the server never answers, and says that it may have been written", async () => {
    const { store } = await scripted({}, { appendDeadlineMs: 300 });
    const error = await rejection(store.append("order-1", [event()], first));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message)
      .to.match(/append to order-1/)
      .and.match(/may have been committed/);
  });

  it("fails at its deadline when nobody listens, and says that nothing was written", async () => {
    const { server, store } = await scripted({}, { appendDeadlineMs: 300 });
    server.stop();
    const error = await rejection(store.append("order-1", [event()], first));
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message)
      .to.match(/ECONNREFUSED/)
      .and.match(/Nothing was written|may have been committed/);
  });

  const interruptions: Record<string, (call: BatchCall, message: BatchAppendReq) => void> = {
    "never answers on the first stream": () => {},
    "ends the stream without an answer": (call) => void call.end(),
    "answers UNAVAILABLE": (call) => void call.emit("error", failing(status.UNAVAILABLE, "going down")),
    "cancels the stream": (call) => void call.emit("error", failing(status.CANCELLED, "cancelled")),
    "fails in a way of its own": (call) => void call.emit("error", failing(status.UNKNOWN, "null reference")),
    "resets the stream": (call) =>
      void call.emit("error", failing(status.INTERNAL, "Received RST_STREAM with code 2 (Internal server error)")),
    "has no leader": (call) => void call.emit("error", failing(status.UNKNOWN, "No leader info available in response")),
    "is no leader, and does not say who is": (call) =>
      void call.emit("error", failing(status.NOT_FOUND, "leader", { exception: "not-leader" })),
    "answers that it could not write in time": (call, message) =>
      void call.write(refused(message, "Timeout", ["Timeout", new shared.Timeout()], 4)),
    "answers that it is not ready": (call, message) => void call.write(refused(message, "Server Is Not Ready")),
    "answers to something else": (call, message) => {
      const stranger = written(message, 7, 70).setCorrelationId(new shared.UUID().setString("another"));
      call.write(stranger.setStreamIdentifier(undefined));
    },
  };
  for (const [what, fail] of Object.entries(interruptions))
    it(`is made again with the same event ids when the server ${what}`, async () => {
      let answered = 0;
      const { server, store } = await scripted(
        {
          batchMessage: (message, call) => {
            if (answered++ === 0) fail(call, message);
            else call.write(written(message, 0, 100));
          },
        },
        { appendDeadlineMs: 3_000 },
      );
      const [one, other] = [event(), event()];
      expect(await store.append("order-1", [one, other], first)).to.deep.equal({ revision: 0n, position: 100n });
      expect(server.messages.map(eventIds)).to.deep.equal([
        [one.id, other.id],
        [one.id, other.id],
      ]);
      const [before, after] = server.messages.map((message) => message.getCorrelationId()!.getString());
      expect(before).to.not.equal(after);
    });

  it("is settled once, however often it is answered", async () => {
    const { server, store } = await scripted({
      batchMessage: (message, call) => {
        call.write(written(message, 4, 40));
        call.write(refused(message, "Timeout", ["Timeout", new shared.Timeout()]));
        call.write(written(message, 5, 50));
      },
    });
    for (let i = 0; i < 3; i++)
      expect(await store.append("order-1", [event()], first)).to.deep.equal({ revision: 4n, position: 40n });
    expect([server.messages.length, server.batches.length]).to.deep.equal([3, 1]);
  });

  it("is made again as often as it takes, together with many others", async () => {
    const refusals = new Map<string, number>();
    const { store } = await scripted({
      batchMessage: (message, call) => {
        const times = refusals.get(streamOf(message)) ?? 0;
        refusals.set(streamOf(message), times + 1);
        call.write(times < 3 ? refused(message, "Server Is Busy") : written(message, 0, 1));
      },
    });
    const names = Array.from({ length: 50 }, (_, i) => `order-${i}`);
    await Promise.all(names.map((name) => store.append(name, [event()], first)));
    expect(new Set(refusals.values())).to.deep.equal(new Set([4]));
  });

  it("goes to the leader that another server names", async () => {
    const leader = await serverOf({ batchMessage: (message, call) => call.write(written(message, 0, 1)) });
    const { store } = await scripted(
      failingOnce((call) =>
        call.emit(
          "error",
          failing(status.NOT_FOUND, "Leader info available", {
            exception: "not-leader",
            "leader-endpoint-host": "127.0.0.1",
            "leader-endpoint-port": String(leader.port),
          }),
        ),
      ),
    );
    await store.append("order-1", [event()], first);
    expect(leader.messages).to.have.length(1);
  });

  it("leaves the deadline to the server once that has found it to be over, as the clocks may differ", async () => {
    const { server, store } = await scripted({
      batchMessage: (message, call) =>
        void call.write(
          message.getOptions()!.hasDeadline()
            ? refused(message, "Timeout", ["Timeout", new shared.Timeout()])
            : written(message, 0, 1),
        ),
    });
    await store.append("order-1", [event()], first);
    expect(server.messages.map((message) => message.getOptions()!.hasDeadline())).to.deep.equal([true, false]);
  });

  it("does not disturb the appends of another store in this process when its connection breaks", async () => {
    let answer = () => {};
    const { store: calm } = await scripted({
      batchMessage: (message, call) => (answer = () => void call.write(written(message, 3, 30))),
    });
    const { server: broken, store: troubled } = await scripted({}, { appendDeadlineMs: 500 });
    const pending = calm.append("order-1", [event()], first);
    const failed = rejection(troubled.append("order-2", [event()], first));
    await until("both appends are under way", () => broken.messages.length > 0);
    broken.stop();
    expect((await failed).code).to.equal("STORE_UNAVAILABLE");
    answer();
    expect((await pending).revision).to.equal(3n);
  });

  it("keeps the order of the appends to one stream when the connection breaks between them", async () => {
    const log: string[] = [];
    const { server, store } = await scripted({
      batchMessage: (message, call, nth) => {
        if (nth === 1) return;
        log.push(...eventIds(message));
        call.write(written(message, log.length - 1, log.length));
      },
    });
    const ids = Array.from({ length: 20 }, () => event());
    const appends = ids.map((each) => store.append("order-1", [each], { expectedRevision: "any" }));
    await until("the first is under way", () => server.messages.length > 0);
    server.batches[0]!.emit("error", failing(status.UNAVAILABLE, "gone"));
    await Promise.all(appends);
    expect(log).to.deep.equal(ids.map(({ id }) => id));
  });

  it("is not held up by one to another stream that gets no answer", async () => {
    const { store } = await scripted(
      {
        batchMessage: (message, call) => streamOf(message) === "order-1" || void call.write(written(message, 0, 1)),
      },
      { appendDeadlineMs: 1_000 },
    );
    const stuck = rejection(store.append("order-1", [event()], first));
    expect(await store.append("order-2", [event()], first)).to.deep.equal({ revision: 0n, position: 1n });
    expect((await stuck).code).to.equal("STORE_UNAVAILABLE");
  });

  it("is sent in messages below 3 MiB, the last of which says that it is", async () => {
    const { server, store } = await scripted({
      batchMessage: (message, call) => message.getIsFinal() && void call.write(written(message, 8, 1)),
    });
    const events = Array.from({ length: 9 }, () => event({ data: { text: "x".repeat(1_000_000) } }));
    expect((await store.append("order-1", events, first)).revision).to.equal(8n);
    expect(server.messages.flatMap(eventIds)).to.deep.equal(events.map(({ id }) => id));
    expect(server.messages.length).to.be.greaterThan(3);
    for (const [i, message] of server.messages.entries()) {
      expect(message.serializeBinary().length).to.be.lessThan(3 * 1024 * 1024);
      expect(message.getIsFinal()).to.equal(i === server.messages.length - 1);
      expect(message.hasOptions()).to.equal(i === 0);
    }
  });

  it("asks for the position where an answer does not say it", async () => {
    const { store } = await scripted({
      batchMessage: (message, call) => void call.write(written(message, 5, undefined)),
      read: (call) => {
        call.write(readEvent({ revision: 5, position: 55 }));
        call.end();
      },
    });
    expect(await store.append("order-1", [event()], first)).to.deep.equal({ revision: 5n, position: 55n });
  });

  const wrong = (revision?: number) => {
    const details = new shared.WrongExpectedVersion();
    if (revision !== undefined) details.setCurrentStreamRevision(String(revision));
    return ["WrongExpectedVersion", details] as [string, shared.WrongExpectedVersion];
  };
  const refusals: Record<
    string,
    [answer: (m: BatchAppendReq) => ReturnType<typeof refused>, check: (e: Error) => void]
  > = {
    "a wrong revision": [
      (m) => refused(m, "WrongExpectedVersion", wrong(9), 6),
      (e) => expect(e).to.be.instanceOf(WrongExpectedRevision).and.include({ expected: "no_stream", actual: 9n }),
    ],
    "a stream that is not there": [
      (m) => refused(m, "WrongExpectedVersion", wrong(), 6),
      (e) => expect(e).to.be.instanceOf(WrongExpectedRevision).and.include({ actual: "no_stream" }),
    ],
    "a stream that was deleted for good": [
      (m) => refused(m, "StreamDeleted", ["StreamDeleted", new shared.StreamDeleted()], 5),
      (e) => expect(e).to.be.instanceOf(StreamDeleted).and.include({ streamName: "order-1" }),
    ],
    "a user who may not": [
      (m) => refused(m, "AccessDenied", ["AccessDenied", new shared.AccessDenied()], 7),
      (e) =>
        expect(e)
          .to.be.instanceOf(AccessDenied)
          .and.deep.include({ denied: ["append to order-1"] }),
    ],
    "more than it takes": [
      (m) =>
        refused(m, "MaximumAppendSizeExceeded", [
          "MaximumAppendSizeExceeded",
          new shared.MaximumAppendSizeExceeded().setMaxappendsize(1_048_576),
        ]),
      (e) =>
        expect(e)
          .to.be.instanceOf(InvalidAppend)
          .and.have.property("message")
          .match(/1048576/),
    ],
    "what it cannot read": [
      (m) => refused(m, "BadRequest", ["BadRequest", new shared.BadRequest().setMessage("no such thing")], 3),
      (e) =>
        expect(e)
          .to.be.instanceOf(InvalidAppend)
          .and.have.property("message")
          .match(/no such thing/),
    ],
    "something for reasons of its own": [
      (m) => refused(m, "Unknown", ["Unknown", new shared.Unknown()], 2),
      (e) =>
        expect(e)
          .to.be.instanceOf(UnexpectedAnswer)
          .and.have.property("message")
          .match(/Unknown/),
    ],
    "something, with details that nobody knows": [
      (m) => refused(m, "odd", ["acme.Odd", new shared.Unknown()], 13),
      (e) => expect(e).to.be.instanceOf(UnexpectedAnswer).and.have.property("message").match(/odd/),
    ],
  };
  for (const [what, [answer, check]] of Object.entries(refusals))
    it(`is refused in words of our own when the server refuses ${what}, and only that append`, async () => {
      const { server, store } = await scripted({
        batchMessage: (message, call) =>
          void call.write(streamOf(message) === "order-1" ? answer(message) : written(message, 0, 1)),
      });
      const other = store.append("order-2", [event()], first);
      check(await rejection(store.append("order-1", [event()], first)));
      expect((await other).revision).to.equal(0n);
      expect(server.batches).to.have.length(1);
    });

  const lasting: [what: string, code: status, is: new (...args: never[]) => Error][] = [
    ["does not know the user", status.UNAUTHENTICATED, AccessDenied],
    ["lets the user append nothing", status.PERMISSION_DENIED, AccessDenied],
    ["is too old for streams of appends", status.UNIMPLEMENTED, IncompatibleStore],
  ];
  for (const [what, code, is] of lasting)
    it(`is not tried again when the server ${what}`, async () => {
      const { server, store } = await scripted({ batch: (call) => void call.emit("error", failing(code, "no")) });
      expect(await rejection(store.append("order-1", [event()], first))).to.be.instanceOf(is);
      expect(server.batches).to.have.length(1);
    });

  it("is refused without a question when it would come back as something else", async () => {
    const { server, store } = await scripted({});
    const id = "7c2f2d0e-6f0f-4f59-8d7d-2a5a3c1b9a10";
    const impossible = [
      event({ id: "order-1/0" }),
      event({ id: id.toUpperCase() }),
      event({ id: `{${id}}` }),
      event({ id: "00000000-0000-0000-0000-000000000000" }),
      event({ contentType: "text/plain", data: new Uint8Array(1) }),
    ];
    for (const each of impossible)
      expect((await rejection(store.append("order-1", [each], first))).code).to.equal("INVALID_APPEND");
    expect(server.messages).to.deep.equal([]);
  });

  it("is waited for when the store is closed, up to its deadline", async () => {
    const { server, store } = await scripted({}, { appendDeadlineMs: 300 });
    const append = rejection(store.append("order-1", [event()], first));
    await until("it is under way", () => server.messages.length > 0);
    await store.close();
    expect((await append).code).to.equal("STORE_UNAVAILABLE");
  });

  it("is given up a moment after the store is closed when its server is gone, and says that it may have been written", async () => {
    const { server, store } = await scripted({}, { appendDeadlineMs: 50_000, readTimeoutMs: 50_000 });
    const append = rejection(store.append("order-1", [event()], first));
    const next = rejection(store.append("order-1", [event()], first));
    await until("it is under way", () => server.messages.length > 0);
    server.stop();
    const tookMs = stopwatch();
    await store.close();
    expect(tookMs()).to.be.lessThan(5_000);
    const error = await append;
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message)
      .to.match(/append to order-1/)
      .and.match(/may have been committed: retry it with the same event ids/);
    expect((await next).message).to.match(/Nothing was written/);
  });

  it("says that it was written when the store is closed before the server has said where", async () => {
    const { server, store } = await scripted({
      batchMessage: (message, call) => void call.write(written(message, 5, undefined)),
    });
    const append = rejection(store.append("order-1", [event()], first));
    await until("it is asked where", () => server.reads.length > 0);
    await store.close();
    const error = await append;
    expect(error).to.be.instanceOf(StoreUnavailable);
    expect(error.message).to.match(/it was written at revision 5/);
  });

  it("is waited for when the store is closed for as long as the server answers, slowly though it may", async () => {
    const { store } = await scripted({
      batchMessage: (message, call) => void setTimeout(() => call.write(written(message, 0, 1)), 400),
    });
    const expected = { expectedRevision: "any" } as const;
    const appends = Array.from({ length: 4 }, () => store.append("order-1", [event()], expected));
    await store.close();
    expect(await Promise.all(appends)).to.have.length(4);
  });

  it("is made at the leader of a cluster, and anywhere if another node is preferred or there is but one", async () => {
    const { server } = await scripted({ batchMessage: (m, call) => void call.write(written(m, 0, 1)) });
    const hosts = `127.0.0.1:${server.port}`;
    const asked: Record<string, string[]> = {
      [`esdb://${hosts}?tls=false`]: [],
      [`esdb+discover://${hosts}?tls=false`]: ["true"],
      [`esdb://${hosts},${hosts}?tls=false`]: ["true"],
      [`kurrentdb+discover://${hosts}?tls=false&nodePreference=leader`]: ["true"],
      [`esdb+discover://${hosts}?tls=false&nodePreference=follower`]: [],
    };
    for (const [connectionString, expected] of Object.entries(asked)) {
      await storeOf({ connectionString }).append("order-1", [event()], first);
      expect(server.metadata.at(-1)!.get("requires-leader"), connectionString).to.deep.equal(expected);
    }
  });
});
