/** Contract: an append that is made again counts once. */

import { expect } from "chai";
import type { EventData, ExpectedRevision } from "../../store/event-store.js";
import { idsOf, rejection, type ContractFixture, type Fixture } from "./fixture.js";

export function retryCases(fixture: Fixture): void {
  for (const expected of ["no_stream", "any"] as const)
    it(`answers the retry of a first append (${expected}) from what is there`, async () => {
      const f = fixture();
      const streamName = f.newStream();
      const events = f.events(3);
      const first = await f.append(streamName, events, expected);
      expect(await f.append(streamName, events, expected)).to.deep.equal(first);
      expect(idsOf(await f.stream(streamName))).to.deep.equal(idsOf(events));
    });

  for (const expected of [1n, "any", "stream_exists"] as const)
    it(`answers a retry (${expected}) with the old place when others have appended since`, async () => {
      const { f, streamName } = await streamOfTwo(fixture);
      const events = f.events(2);
      const first = await f.append(streamName, events, expected);
      await f.append(streamName, f.events(2), 3n);
      expect(await f.append(streamName, events, expected)).to.deep.equal(first);
      expect(await f.stream(streamName)).to.have.length(6);
    });

  it("answers two appends of the same events at the same time with one place", async () => {
    const { f, streamName } = await streamOfTwo(fixture);
    const events = f.events(2);
    const results = await Promise.all([f.append(streamName, events, 1n), f.append(streamName, events, 1n)]);
    expect(results.map(({ revision }) => revision)).to.deep.equal([3n, 3n]);
    expect(results[0].position).to.equal(results[1].position);
    expect(await f.stream(streamName)).to.have.length(4);
  });

  it("takes a retry of the first events of an append for a retry", async () => {
    const { f, streamName, events } = await streamOfTwo(fixture);
    expect(await f.append(streamName, [events[0]!], "no_stream")).to.deep.include({ revision: 0n });
  });

  type Retry = (old: readonly EventData[], f: ContractFixture) => EventData[];
  const refused: readonly [what: string, expected: ExpectedRevision, retry: Retry][] = [
    ["with another event before", "no_stream", (old, f) => [f.event(), old[0]!]],
    ["with another event in between", "no_stream", (old, f) => [old[0]!, f.event()]],
    ["with more events than there are", "no_stream", (old, f) => [...old, f.event()]],
    ["in another order", "no_stream", (old) => [old[1]!, old[0]!]],
    ["at another revision", 0n, (old) => [old[0]!]],
    ["with one new event behind (any)", "any", (old, f) => [old[1]!, f.event()]],
    ["with one new event behind (stream_exists)", "stream_exists", (old, f) => [old[1]!, f.event()]],
  ];
  for (const [what, expected, retry] of refused)
    it(`refuses what is no retry: the events ${what}`, async () => {
      const { f, streamName, events } = await streamOfTwo(fixture);
      const error = await rejection(f.append(streamName, retry(events, f), expected));
      expect(error).to.deep.include({ code: "WRONG_EXPECTED_REVISION", expected, actual: 1n });
      expect(idsOf(await f.stream(streamName))).to.deep.equal(idsOf(events));
    });

  it("takes the events of an append in another order for a retry, where the revision is any: each id is looked up by itself", async () => {
    const { f, streamName, events } = await streamOfTwo(fixture);
    expect(await f.append(streamName, events.toReversed(), "any")).to.include({ revision: 0n });
    expect(idsOf(await f.stream(streamName))).to.deep.equal(idsOf(events));
  });

  it("does not take an event of another stream for a retry", async () => {
    const { f, events } = await streamOfTwo(fixture);
    for (const expected of ["no_stream", "any"] as const) {
      const other = f.newStream();
      expect(await f.append(other, events, expected)).to.deep.include({ revision: 1n });
      expect(idsOf(await f.stream(other))).to.deep.equal(idsOf(events));
    }
  });

  it("goes by the ids alone: data of a retry may have been written anew", async () => {
    const { f, streamName, events } = await streamOfTwo(fixture);
    const rewritten = events.map((event) => ({ ...event, data: { other: true } }));
    expect(await f.append(streamName, rewritten)).to.deep.include({ revision: 1n });
    expect((await f.stream(streamName))[0]!.data).to.deep.equal(events[0]!.data);
  });

  it("remembers appends at a stated revision when it is opened again", async function () {
    const { f, streamName, events } = await streamOfTwo(fixture);
    if (!f.reopen) return this.skip();
    const before = await f.stream(streamName);
    const storeId = await f.store.storeId();
    await f.store.close();
    const store = await f.reopen();
    const retried = await store.append(streamName, events, { expectedRevision: "no_stream" });
    expect(retried).to.deep.equal({ revision: 1n, position: before[1]!.position });
    expect(await store.storeId()).to.equal(storeId);
    await store.close();
  });
}

async function streamOfTwo(fixture: Fixture) {
  const f = fixture();
  const streamName = f.newStream();
  const events = f.events(2);
  await f.append(streamName, events);
  return { f, streamName, events };
}
