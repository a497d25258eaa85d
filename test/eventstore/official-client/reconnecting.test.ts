/** What the official client tells when its server goes away, and that everything is there when it comes back. */

import { CancelledError, UnavailableError, WrongExpectedVersionError } from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected, revisionsOf, waysToAppend } from "./terms.js";

describe("The official client whose server is started again", () => {
  const node = useNode({ each: true });
  const lost = (error: unknown) =>
    expect(
      error instanceof UnavailableError || error instanceof CancelledError,
      `instead of UnavailableError or CancelledError: ${String(error)}`,
    ).to.equal(true);

  it("finds everything again, and goes on where it was", async () => {
    const stream = newStream();
    const before = await node.client.appendToStream(stream, jsonEvents(3));
    const log = await collect(node.client.readAll());
    await node.restart();
    const client = node.connect();
    const after = await collect(client.readAll());
    expect(after.slice(0, log.length)).to.deep.equal(log);
    expect(await collect(client.readAll({ fromPosition: before.position!, maxCount: 1 }))).to.have.length(1);
    const result = await client.appendToStream(stream, oneEvent(), { expectedRevision: 2n });
    expect(result.nextExpectedRevision).to.equal(3n);
    expect(result.position!.commit > before.position!.commit).to.equal(true);
  });

  for (const { way, options } of waysToAppend) {
    it(`gets the same answer to a repeated ${way} that expects a revision`, async () => {
      const stream = newStream();
      const events = jsonEvents(3);
      const first = await node.client.appendToStream(stream, events, { ...options, expectedRevision: "no_stream" });
      await node.restart();
      const client = node.connect();
      const again = await client.appendToStream(stream, events, { ...options, expectedRevision: "no_stream" });
      expect(again).to.deep.equal(first);
      const other = client.appendToStream(stream, jsonEvents(3), { ...options, expectedRevision: "no_stream" });
      await rejected(WrongExpectedVersionError, other);
    });

    it(`tells a lost ${way}, and reconnects by itself`, async () => {
      const stream = newStream();
      await node.client.appendToStream(stream, oneEvent(), options);
      await node.stop();
      // The first call may find the connection gone and say so; the ones after it find nobody.
      const failed = await node.client.appendToStream(stream, oneEvent(), options).catch((error: unknown) => error);
      expect(failed).to.be.instanceOf(Error);
      // Before its first batch over a new connection the client asks what the server can; that error comes as it is.
      if (way === "Append") lost(failed);
      await node.start();
      await until("it is connected again", async () => {
        const result = await node.client.appendToStream(stream, oneEvent(), options).catch(() => undefined);
        return result?.nextExpectedRevision === 1n;
      });
      expect(revisionsOf(await collect(node.client.readStream(stream)))).to.deep.equal([0n, 1n]);
    });
  }

  for (const end of ["stop", "kill"] as const) {
    it(`tells a read, and a deletion, that the server is gone by ${end}`, async () => {
      await node.client.appendToStream(newStream(), oneEvent());
      await node[end]();
      lost(await rejected(Error, collect(node.client.readAll())));
      lost(await rejected(Error, node.client.deleteStream(newStream())));
    });

    it(`tells a read in its midst, by ${end}`, async () => {
      const stream = newStream();
      for (let round = 0; round < 10; round++) await node.client.appendToStream(stream, jsonEvents(2_000));
      let seen = 0;
      const reading = (async () => {
        for await (const _ of node.client.readStream(stream, {}, { highWaterMark: 1 }))
          if (++seen === 12) await node[end]();
      })();
      await rejected(CancelledError, reading);
      expect(seen).to.be.lessThan(20_000);
    });

    it(`tells subscriptions, which go on from the last event that they had, by ${end}`, async () => {
      const stream = newStream();
      const { position } = await node.client.appendToStream(stream, jsonEvents(3));
      const one = follow(node.client.subscribeToStream(stream));
      const all = follow(node.client.subscribeToAll({ fromPosition: position! }));
      await Promise.all([one.isLive(), all.isLive()]);
      await node[end]();
      await node.start();
      expect(await one.fails()).to.be.instanceOf(CancelledError);
      expect(await all.fails()).to.be.instanceOf(CancelledError);
      const client = node.connect();
      await client.appendToStream(stream, jsonEvents(2));
      const next = follow(client.subscribeToStream(stream, { fromRevision: 2n }));
      expect(revisionsOf(await next.has(2))).to.deep.equal([3n, 4n]);
      const rest = follow(client.subscribeToAll({ fromPosition: position! }));
      await rest.isLive();
      expect(revisionsOf(rest.events.filter(({ event }) => event!.streamId === stream))).to.deep.equal([3n, 4n]);
      await Promise.all([next.stop(), rest.stop()]);
    });

    it(`has all that was acknowledged before the end by ${end}, once`, async () => {
      const streams = Array.from({ length: 5 }, () => newStream());
      const acknowledged = new Set<string>();
      const sent = new Set<string>();
      let goOn = true;
      const appending = streams.map(async (stream, index) => {
        while (goOn) {
          const event = oneEvent();
          sent.add(event.id);
          // Half of them come in the other way.
          const { options } = waysToAppend[index % 2]!;
          const done = await node.client.appendToStream(stream, event, options).catch(() => undefined);
          if (!done) return;
          acknowledged.add(event.id);
        }
      });
      await until("there is something to lose", () => acknowledged.size > 100);
      await node[end]();
      goOn = false;
      await Promise.all(appending);
      await node.start();
      const found = [];
      for (const stream of streams) found.push(...idsOf(await collect(node.connect().readStream(stream))));
      expect(new Set(found).size).to.equal(found.length);
      expect(found).to.include.members([...acknowledged]);
      expect([...sent]).to.include.members(found);
    });
  }
});
