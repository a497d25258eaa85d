/** Contract: what an append writes, and when it is refused. */

import { expect } from "chai";
import { WrongExpectedRevision } from "../../errors.js";
import type { EventData, ExpectedRevision } from "../../store/event-store.js";
import { eventsOf, idsOf, rejection, type Fixture } from "./fixture.js";

/** Expected revision, events that the stream has, and the revision afterwards or `undefined` when refused. */
const decisions: readonly [expected: ExpectedRevision, has: number, revision: bigint | undefined][] = [
  ["no_stream", 0, 0n],
  ["no_stream", 3, undefined],
  ["stream_exists", 0, undefined],
  ["stream_exists", 3, 3n],
  ["any", 0, 0n],
  ["any", 3, 3n],
  [0n, 0, undefined],
  [0n, 3, undefined],
  [1n, 3, undefined],
  [2n, 3, 3n],
  [3n, 3, undefined],
  [2n ** 60n, 3, undefined],
];

export function appendingCases(fixture: Fixture): void {
  for (const [expected, has, revision] of decisions)
    it(`${revision === undefined ? "refuses" : "takes"} an append to a stream of ${has} that expects ${expected}`, async () => {
      const f = fixture();
      const streamName = f.newStream();
      const before = f.events(has);
      if (has > 0) await f.append(streamName, before);
      const event = f.event();
      if (revision === undefined) {
        const error = await rejection(f.append(streamName, [event], expected));
        expect(error).to.be.instanceOf(WrongExpectedRevision);
        const actual = has === 0 ? "no_stream" : BigInt(has - 1);
        expect(error).to.deep.include({ code: "WRONG_EXPECTED_REVISION", streamName, expected, actual });
        expect(idsOf(await f.stream(streamName))).to.deep.equal(idsOf(before));
      } else {
        const result = await f.append(streamName, [event], expected);
        expect(result).to.deep.include({ revision });
        const last = (await f.stream(streamName)).at(-1)!;
        expect([last.id, last.revision, last.position]).to.deep.equal([event.id, revision, result.position]);
      }
    });

  it("answers with revision and position of the last of several events", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const result = await f.append(streamName, f.events(4));
    const last = (await f.stream(streamName)).at(-1)!;
    expect(result).to.deep.equal({ revision: 3n, position: last.position });
    expect(await f.store.head()).to.satisfy((head: bigint) => head >= result.position);
  });

  it("numbers the revisions of a stream from 0 without gaps, while positions grow", async () => {
    const f = fixture();
    const [one, other] = [f.newStream(), f.newStream()];
    let expected: ExpectedRevision = "no_stream";
    for (let round = 0; round < 4; round++) {
      await f.append(other, f.events(2), expected === "no_stream" ? expected : (expected + 1n) * 2n - 1n);
      expected = (await f.append(one, f.events(1), expected)).revision;
    }
    expect((await f.stream(one)).map(({ revision }) => revision)).to.deep.equal([0n, 1n, 2n, 3n]);
    const positions = (await eventsOf(f.store.readLog({ filter: f.own }))).map(({ position }) => position);
    expect(positions).to.have.length(12);
    expect(positions.every((position, i) => i === 0 || position > positions[i - 1]!)).to.equal(true);
  });

  it("appends all events or none", async () => {
    const f = fixture();
    const streamName = f.newStream();
    await f.append(streamName, f.events(2));
    await rejection(f.append(streamName, f.events(5), 0n));
    await rejection(f.append(streamName, [f.event(), f.event({ type: "" })], 1n));
    expect(await f.stream(streamName)).to.have.length(2);
  });

  it("keeps many appends in flight apart", async () => {
    const f = fixture();
    const streams = Array.from({ length: 100 }, () => ({ name: f.newStream(), events: f.events(3) }));
    const results = await Promise.all(streams.map(({ name, events }) => f.append(name, events)));
    expect(results.every(({ revision }) => revision === 2n)).to.equal(true);
    for (const { name, events } of streams) expect(idsOf(await f.stream(name))).to.deep.equal(idsOf(events));
  });

  it("lets exactly one win of those who append at one revision at the same time", async () => {
    const f = fixture();
    const streamName = f.newStream();
    const winners: string[] = [];
    let expected: ExpectedRevision = "no_stream";
    for (let round = 0n; round < 8n; round++) {
      const rivals = f.events(16);
      const outcomes = await Promise.allSettled(rivals.map((event) => f.append(streamName, [event], expected)));
      const won = rivals.filter((_, i) => outcomes[i]!.status === "fulfilled");
      expect(won).to.have.length(1);
      for (const outcome of outcomes)
        if (outcome.status === "rejected") expect(outcome.reason).to.include({ actual: round });
      winners.push(won[0]!.id);
      expected = round;
    }
    expect(idsOf(await f.stream(streamName))).to.deep.equal(winners);
  });

  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const impossible: Record<string, Partial<EventData>> = {
    "has no id": { id: "" },
    "has no type": { type: "" },
    "has half a character in its type": { type: "\ud83d" },
    "has no content type": { contentType: "" },
    "has data that is undefined": { data: undefined },
    "has a function for data": { data: () => 1 },
    "has a bigint in its data": { data: { amount: 1n } },
    "has circular data": { data: circular },
    "has numbers for bytes": { data: new Float64Array(1) },
    "has a JSON value of another content type": { data: {}, contentType: "application/octet-stream" },
    "has metadata that is an array": { metadata: [] as never },
    "has metadata that is text": { metadata: "text" as never },
    "has metadata that is null": { metadata: null as never },
    "has a bigint in its metadata": { metadata: { amount: 1n } },
  };
  for (const [what, changes] of Object.entries(impossible))
    it(`refuses an event that ${what}, and only that append`, async () => {
      const f = fixture();
      const [bad, good] = [f.newStream(), f.newStream()];
      const appends = [f.append(good, [f.event()]), f.append(bad, [f.event(), f.event(changes)])] as const;
      const next = f.append(good, [f.event()], 0n);
      expect((await rejection(appends[1])).code).to.equal("INVALID_APPEND");
      expect([(await appends[0]).revision, (await next).revision]).to.deep.equal([0n, 1n]);
      expect(await f.stream(bad)).to.deep.equal([]);
    });

  it("refuses an append without events, of one id twice, to no stream or at a negative revision", async () => {
    const f = fixture();
    const event = f.event();
    const refused = [
      f.append(f.newStream(), []),
      f.append(f.newStream(), [event, f.event({ id: event.id })]),
      f.append("", [event]),
      f.append(f.newStream(), [event], -1n),
    ];
    for (const append of refused) expect((await rejection(append)).code).to.equal("INVALID_APPEND");
  });
}
