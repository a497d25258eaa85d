/** Following and reading the log of EventStoreDB when all is not well, and over servers that say less than today's. */

import { status } from "@grpc/grpc-js";
import type { ReadReq } from "@eventstore/db-client/generated/streams_pb.js";
import { expect } from "chai";
import { AccessDenied, IncompatibleStore, StoreUnavailable } from "../../../src/errors.js";
import type { SubscriptionMessage } from "../../../src/store/index.js";
import { closeAll, eventsOf, rejection, scripted } from "./stores.js";
import { failing, type ReadingCall } from "./scripted-server.js";
import { caughtUp, checkpoint, confirmation, events, isSubscription, positionAsked, readEvent } from "./wire.js";

/** What a subscription says, in short: positions of events, and how many were passed over. */
const inShort = (message: SubscriptionMessage): (number | string)[] =>
  message.kind === "events"
    ? message.events.map(({ position }) => Number(position))
    : [`caught up, ${message.passedOver} passed over`];

async function said(messages: AsyncIterable<SubscriptionMessage>, count: number): Promise<(number | string)[]> {
  const said: (number | string)[] = [];
  for await (const message of messages) {
    said.push(...inShort(message));
    if (said.length >= count) break;
  }
  return said;
}

/** Waits until a server has sent what fits between it and who reads: the same at ten looks in a row. */
async function nothingMoreFits(sent: () => number): Promise<void> {
  for (let [before, looks] = [sent(), 0]; looks < 10; looks = sent() === before ? looks + 1 : 0) {
    before = sent();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const begin = (call: ReadingCall, ...answers: Parameters<ReadingCall["write"]>[0][]) => {
  for (const answer of [confirmation(), ...answers]) call.write(answer);
};

/** The events that a read of the log which is no subscription finds: none unless stated. */
const finite = (call: ReadingCall, ...answers: Parameters<ReadingCall["write"]>[0][]) => {
  for (const answer of answers) call.write(answer);
  call.end();
};

const failWith = (code: status) => (call: ReadingCall) => {
  call.emit("error", failing(code, "gone"));
};
const gone = failWith(status.UNAVAILABLE);

const filterOf = (request: ReadReq) => {
  const filter = request.getOptions()!.getFilter();
  return (
    filter && [
      filter.getStreamIdentifier()?.getPrefixList() ?? "any stream",
      filter.getEventType()?.getPrefixList() ?? "any type",
    ]
  );
};

describe("following the log of EventStoreDB", () => {
  afterEach(closeAll);

  for (const [what, fail] of Object.entries({
    "answers UNAVAILABLE": gone,
    "cancels the subscription": failWith(status.CANCELLED),
    "ends the subscription": (call: ReadingCall) => {
      call.end();
    },
    "falls silent before it has caught up": () => {},
    "falls back to what it sent before": gone,
  }))
    it(`goes on where it was when the server ${what}, without losing or doubling an event`, async () => {
      const { server, store } = await scripted(
        {
          read: (call, nth) => {
            if (!isSubscription(call.request)) return finite(call, ...events(1, 9));
            const from = Number(positionAsked(call.request) ?? -10) / 10;
            // A server that sends the event at the position once more does no harm.
            const first = what.startsWith("falls back") ? Math.max(0, from) : from + 1;
            begin(call, ...events(nth < 3 ? 3 : 6 - first, first));
            if (first + 3 <= 5) fail(call);
            else call.write(caughtUp());
          },
        },
        { readTimeoutMs: 1_000 },
      );
      expect(await said(store.subscribe(), 7)).to.deep.equal([0, 10, 20, 30, 40, 50, "caught up, 0 passed over"]);
      expect(server.reads.filter(isSubscription).length).to.be.greaterThan(1);
    });

  it("begins again at the last checkpoint where nothing passed since", async () => {
    const { server, store } = await scripted({
      read: (call, nth) => {
        begin(call, ...(nth === 1 ? [...events(2), checkpoint(5_000), checkpoint(9_000)] : [caughtUp()]));
        if (nth === 1) gone(call);
      },
    });
    const subscription = store.subscribe({ filter: { eventTypes: ["test.Happened"] } });
    expect(await said(subscription, 3)).to.deep.equal([0, 10, "caught up, 1024 passed over"]);
    expect(server.reads.map(positionAsked)).to.deep.equal([undefined, "9000"]);
  });

  it("says how many events were passed over since the last one that was delivered, at checkpoints too", async () => {
    const { store } = await scripted({
      read: (call) => {
        begin(call, checkpoint(100), caughtUp());
        setImmediate(() => {
          begin(call, checkpoint(200));
          setImmediate(() => begin(call, readEvent({ revision: 0, position: 300 })));
        });
      },
    });
    const subscription = store.subscribe({ filter: { eventTypes: ["test.Happened"] } });
    const all = await said(subscription, 4);
    expect(all.filter((each) => typeof each === "number")).to.deep.equal([300]);
    expect(all[0]).to.match(/^caught up, (512|1024) passed over$/);
    expect(all.at(-1)).to.equal("caught up, 0 passed over");
  });

  it("says that it has caught up after each event that comes alone, though the server does not", async () => {
    let call: ReadingCall | undefined;
    const { store } = await scripted({
      read: (each) => {
        call = each;
        begin(each, caughtUp());
      },
    });
    const seen: (number | string)[] = [];
    let sent = 0;
    for await (const message of store.subscribe()) {
      seen.push(...inShort(message));
      if (message.kind === "caughtUp" && sent === 3) break;
      if (message.kind === "caughtUp") call!.write(events(1, sent++)[0]!);
    }
    const said = "caught up, 0 passed over";
    expect(seen).to.deep.equal([said, 0, said, 10, said, 20, said]);
  });

  describe("over a server that never says that it has caught up", () => {
    it("finds that out by itself, once", async () => {
      const { server, store } = await scripted({
        read: (call) => (isSubscription(call.request) ? begin(call, ...events(2)) : finite(call, ...events(1, 1))),
      });
      expect(await said(store.subscribe(), 3)).to.deep.equal([0, 10, "caught up, 0 passed over"]);
      expect(server.reads.filter(isSubscription)).to.have.length(1);
    });

    it("does not say it before everything that passes was delivered", async () => {
      let probes = 0;
      let call: ReadingCall | undefined;
      const { store } = await scripted({
        read: (each) => {
          if (isSubscription(each.request)) return begin((call = each), ...events(2));
          probes++;
          finite(each, ...events(probes === 1 ? 2 : 1, probes));
          if (probes === 1) call!.write(events(1, 2)[0]!);
        },
      });
      expect(await said(store.subscribe(), 4)).to.deep.equal([0, 10, 20, "caught up, 0 passed over"]);
    });

    it("is not misled by what a subscription hides", async () => {
      const { store } = await scripted({
        read: (call) => {
          if (isSubscription(call.request)) begin(call, ...events(1));
          else if (call.request.getOptions()!.hasFilter()) finite(call);
          else finite(call, readEvent({ streamName: "$epoch-information", revision: 0, position: 900 }));
        },
      });
      expect(await said(store.subscribe(), 2)).to.deep.equal([0, "caught up, 0 passed over"]);
    });

    it("asks for what passes the filter only", async () => {
      const { server, store } = await scripted({
        read: (call) => (isSubscription(call.request) ? begin(call) : finite(call)),
      });
      await said(store.subscribe({ filter: { streamPrefixes: ["order-"] } }), 1);
      expect(server.reads.map(filterOf)).to.deep.equal([
        [["order-"], "any type"],
        [["order-"], "any type"],
      ]);
    });

    it("reads the log to its head", async () => {
      const { store } = await scripted({
        read: (call) => {
          if (isSubscription(call.request)) begin(call, ...events(2), checkpoint(100));
          else if (call.request.getOptions()!.getReadDirection() === 1) finite(call, ...events(1, 50));
          else finite(call);
        },
      });
      const filter = { eventTypes: ["test.Happened"] };
      expect(await eventsOf(store.readLog({ filter }))).to.have.length(2);
    });
  });

  it("fails when the server stays away, so that this is seen, and can be taken up again", async () => {
    let isAway = true;
    const { store } = await scripted(
      { read: (call) => (isAway ? gone(call) : begin(call, ...events(1), caughtUp())) },
      { readTimeoutMs: 200 },
    );
    expect(await rejection(said(store.subscribe(), 1))).to.be.instanceOf(StoreUnavailable);
    isAway = false;
    expect(await said(store.subscribe(), 2)).to.deep.equal([0, "caught up, 0 passed over"]);
  });

  it("notices that a server has forgotten a subscription, and takes it up again", async () => {
    let nth = 0;
    const { store } = await scripted(
      {
        read: (call) => {
          if (!isSubscription(call.request)) return finite(call, ...events(2));
          // The first never sends what was recorded after it had caught up.
          if (++nth === 1) begin(call, ...events(1), caughtUp());
          else begin(call, ...events(1, 1), caughtUp());
        },
      },
      { readTimeoutMs: 500 },
    );
    const said = "caught up, 0 passed over";
    const seen: (number | string)[] = [];
    for await (const message of store.subscribe()) {
      seen.push(...inShort(message));
      if (seen.length === 4) break;
    }
    expect(seen).to.deep.equal([0, said, 10, said]);
    expect(nth).to.equal(2);
  });

  it("bears with a server that comes and goes, as long as it brings something", async () => {
    const { store } = await scripted(
      {
        read: (call) => {
          const next = Number(positionAsked(call.request) ?? -10) / 10 + 1;
          begin(call, ...events(1, next));
          gone(call);
        },
      },
      { readTimeoutMs: 1_000 },
    );
    expect(await said(store.subscribe(), 8)).to.deep.equal([0, 10, 20, 30, 40, 50, 60, 70]);
  });

  it("fails at once when the user may not, and names what is missing", async () => {
    const error = failing(status.PERMISSION_DENIED, "Access Denied", { exception: "access-denied" });
    const { server, store } = await scripted({ read: (call) => void call.emit("error", error) });
    const found = await rejection(said(store.subscribe(), 1));
    expect(found)
      .to.be.instanceOf(AccessDenied)
      .and.deep.include({ denied: ["read $all"] });
    expect((await rejection(eventsOf(store.readLog()))).code).to.equal("ACCESS_DENIED");
    expect(server.reads).to.have.length(2);
  });

  it("has the server apply the filter, and looks again itself", async () => {
    const names = ["order-1", "orders-1", "Order-1"];
    const { server, store } = await scripted({
      read: (call) => {
        if (!isSubscription(call.request)) return finite(call, ...events(1, 2));
        begin(
          call,
          ...names.map((streamName, i) => readEvent({ streamName, type: streamName, revision: 0, position: i })),
        );
        call.write(caughtUp());
      },
    });
    const filters = [{ streamPrefixes: ["order-", "x", "\ud83d"] }, { eventTypes: ["orders-1", ""] }];
    const found: string[][] = [];
    for (const filter of filters)
      found.push((await eventsOf(store.readLog({ filter }))).map(({ streamName }) => streamName));
    expect(found).to.deep.equal([["order-1"], ["orders-1"]]);
    expect(server.reads.filter(isSubscription).map(filterOf)).to.deep.equal([
      [["order-", "x"], "any type"],
      ["any stream", ["orders-1"]],
    ]);
  });

  it("asks for everything when an empty beginning is among those wanted", async () => {
    const { server, store } = await scripted({ read: (call) => begin(call, caughtUp()) });
    await said(store.subscribe({ filter: { streamPrefixes: ["order-", ""] } }), 1);
    expect(filterOf(server.reads[0]!)).to.equal(undefined);
    expect(server.reads[0]!.getOptions()!.hasNoFilter()).to.equal(true);
  });

  it("asks for nothing when nothing can pass", async () => {
    const { server, store } = await scripted({});
    for (const filter of [{ eventTypes: [] }, { eventTypes: [""] }, { streamPrefixes: ["\ud83d"] }]) {
      expect(await eventsOf(store.readLog({ filter }))).to.deep.equal([]);
      expect(await said(store.subscribe({ filter }), 1)).to.deep.equal(["caught up, 0 passed over"]);
    }
    expect(server.reads).to.deep.equal([]);
  });

  it("ends a read of the log at the head that there was when it began", async () => {
    const { store } = await scripted({
      read: (call) => (isSubscription(call.request) ? begin(call, ...events(10)) : finite(call, ...events(1, 6))),
    });
    expect((await eventsOf(store.readLog())).map(({ position }) => Number(position))).to.deep.equal([
      0, 10, 20, 30, 40, 50, 60,
    ]);
  });

  it("refuses events of a transaction, which share a position, rather than lose all but the first", async () => {
    const { store } = await scripted({
      read: (call) =>
        begin(
          call,
          readEvent({ streamName: "order-1", revision: 0, position: 100, prepared: 100 }),
          // Nobody asked for it, but it has the position of the next one.
          readEvent({ streamName: "other-1", revision: 0, position: 400, prepared: 200 }),
          readEvent({ streamName: "order-1", revision: 1, position: 400, prepared: 300 }),
          caughtUp(),
        ),
    });
    const subscription = store.subscribe({ filter: { streamPrefixes: ["order-"] } });
    const error = await rejection(said(subscription, 2));
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message)
      .to.match(/order-1: revision 1/)
      .and.match(/transactions/);
  });

  it("does not say that it has caught up when it was slow, until the server says so again", async () => {
    const total = 20_000;
    let sent = 0;
    let sendAll = () => {};
    const { store } = await scripted({
      read: (call) => {
        // More is to come, should somebody ask.
        if (!isSubscription(call.request)) return finite(call, ...events(1, total));
        begin(call, caughtUp());
        const data = JSON.stringify({ text: "x".repeat(200) });
        sendAll = () => {
          while (sent < total) if (!call.write(readEvent({ revision: sent, position: sent++, data }))) return;
          if (sent++ === total) call.write(caughtUp());
        };
        call.on("drain", () => sendAll());
      },
    });
    const messages = store.subscribe()[Symbol.asyncIterator]();
    const next = async () => (await messages.next()).value as SubscriptionMessage;
    expect((await next()).kind).to.equal("caughtUp");
    sendAll();
    await nothingMoreFits(() => sent);
    let delivered = 0;
    for (;;) {
      const message = await next();
      if (message.kind === "caughtUp") break;
      delivered += message.events.length;
    }
    expect(delivered).to.equal(total);
    await messages.return!();
  });

  it("keeps positions above 2^53 exact", async () => {
    const far = 2n ** 53n + 1n;
    const { server, store } = await scripted({
      read: (call, nth) => {
        if (nth === 2) return begin(call, caughtUp());
        begin(call, readEvent({ revision: 0, position: far }));
        gone(call);
      },
    });
    for await (const message of store.subscribe({ after: far - 1n })) {
      if (message.kind === "caughtUp") break;
      expect(message.events.map(({ position }) => position)).to.deep.equal([far]);
    }
    expect(server.reads.map(positionAsked)).to.deep.equal([String(far - 1n), String(far)]);
  });

  it("holds up the server while nobody takes what comes", async () => {
    const total = 200_000;
    let sent = 0;
    const { store } = await scripted({
      read: (call) => {
        const data = JSON.stringify({ text: "x".repeat(200) });
        const more = () => {
          while (sent < total) if (!call.write(readEvent({ revision: sent, position: sent++, data }))) return;
        };
        call.on("drain", more);
        begin(call);
        more();
      },
    });
    const messages = store.subscribe()[Symbol.asyncIterator]();
    await messages.next();
    await nothingMoreFits(() => sent);
    expect(sent).to.be.lessThan(5_000);
    await messages.return!();
  });
});
