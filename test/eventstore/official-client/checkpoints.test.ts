/** What the official client's documentation says of checkpoints: a filtered subscription tells where it is. */

import { END, eventTypeFilter, excludeSystemEvents, type Position } from "@eventstore/db-client";
import { expect } from "chai";
import { until } from "../../until.js";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { idsOf, jsonEvents, newStream, oneEvent } from "./terms.js";

type FilterOptions = Omit<Parameters<typeof excludeSystemEvents>[0] & {}, "regex">;

describe("The official client's filtered subscription says where it is", () => {
  const node = useNode();
  const append = (stream: string, count: number, type?: string) =>
    node.client.appendToStream(stream, jsonEvents(count, type));
  const mark = async () => (await append(newStream(), 1)).position!;
  const turns = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  };
  const noted = (options: FilterOptions = {}) => {
    const positions: Position[] = [];
    const filter = eventTypeFilter({
      prefixes: ["wanted."],
      ...options,
      checkpointReached: (_, position) => void positions.push(position),
    });
    return { positions, filter };
  };
  const ascending = (positions: Position[]) =>
    positions.every(({ commit }, index) => index === 0 || commit > positions[index - 1]!.commit);

  for (const { interval, window, events, most, least } of [
    { interval: 1, window: undefined, events: 320, least: 10, most: 11 },
    { interval: 2, window: undefined, events: 384, least: 6, most: 7 },
    { interval: 3, window: undefined, events: 320, least: 3, most: 4 },
    { interval: 1, window: 8, events: 80, least: 10, most: 11 },
    { interval: 2, window: 5, events: 80, least: 8, most: 9 },
    { interval: 1000, window: undefined, events: 320, least: 0, most: 1 },
  ])
    it(`${least} times in ${events} events that do not pass: interval ${interval}, window ${window ?? "as usual"}`, async () => {
      const fromPosition = await mark();
      await append(newStream(), events);
      const { positions, filter } = noted({
        checkpointInterval: interval,
        ...(window === undefined ? {} : { maxSearchWindow: window }),
      });
      const following = follow(node.client.subscribeToAll({ fromPosition, filter }));
      expect(await following.isLive()).to.deep.equal([]);
      await until("the checkpoints are there", () => positions.length >= least);
      expect(positions.length).to.be.within(least, most);
      expect(ascending(positions)).to.equal(true);
      expect(positions.every(({ commit }) => commit > fromPosition.commit)).to.equal(true);
      await following.stop();
    });

  it("while it is live, too", async () => {
    const { positions, filter } = noted();
    const following = follow(node.client.subscribeToAll({ fromPosition: END, filter }));
    await following.isLive();
    const before = positions.length;
    for (let round = 0; round < 10; round++) await append(newStream(), 10);
    await until("there are three more", () => positions.length >= before + 3);
    expect(ascending(positions)).to.equal(true);
    await following.stop();
  });

  it("so that one who starts again from there misses nothing that passes, and sees nothing twice", async () => {
    const fromPosition = await mark();
    const wanted = jsonEvents(10, "wanted.Event");
    for (const event of wanted) {
      await append(newStream(), 33);
      await node.client.appendToStream(newStream(), event);
    }
    const checkpoints: { position: Position; seen: number }[] = [];
    const first = follow(
      node.client.subscribeToAll({
        fromPosition,
        filter: eventTypeFilter({
          prefixes: ["wanted."],
          checkpointReached: async (_, position) => {
            // No event passes meanwhile, but one that passed just before may still be on its way.
            await turns();
            checkpoints.push({ position, seen: first.events.length });
          },
        }),
      }),
    );
    expect(idsOf(await first.isLive())).to.deep.equal(idsOf(wanted));
    await first.stop();
    expect(checkpoints.length).to.be.greaterThan(5);
    for (const { position, seen } of [checkpoints[1]!, checkpoints.at(-3)!]) {
      const filter = eventTypeFilter({ prefixes: ["wanted."] });
      const again = follow(node.client.subscribeToAll({ fromPosition: position, filter }));
      expect(idsOf(await again.isLive())).to.deep.equal(idsOf(wanted.slice(seen)));
      await again.stop();
    }
  });

  it("to each with the subscription itself", async () => {
    await append(newStream(), 40);
    const given: unknown[] = [];
    const filter = excludeSystemEvents({ checkpointReached: (subscription) => void given.push(subscription) });
    const following = follow(node.client.subscribeToAll({ filter }));
    await until("there is a checkpoint", () => given.length > 0);
    expect(given[0]).to.equal(following.subscription);
    await node.client.appendToStream(newStream(), oneEvent());
    await following.stop();
  });
});
