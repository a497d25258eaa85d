/** What the official client's documentation says of filters on the server's side, and of their checkpoints. */

import { END, eventTypeFilter, excludeSystemEvents, streamNameFilter, type Filter } from "@eventstore/db-client";
import { expect } from "chai";
import { randomUUID } from "node:crypto";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, linkTo, newStream, typesOf, usersOwn } from "./terms.js";

describe("The official client's filtered subscription to $all", () => {
  const node = useNode();
  const append = (stream: string, count: number, type?: string) =>
    node.client.appendToStream(stream, jsonEvents(count, type));
  const mark = async () => (await append(newStream(), 1)).position!;

  interface Case {
    by: string;
    filter: (own: string) => Filter;
    /** Stream and type of what passes, and of what does not. */
    passes: (own: string) => [stream: string, type: string][];
    not: (own: string) => [stream: string, type: string][];
  }
  const cases: Case[] = [
    {
      by: "a prefix of the stream's name",
      filter: (own) => streamNameFilter({ prefixes: [own] }),
      passes: (own) => [
        [own, "a"],
        [`${own}-1`, "b"],
      ],
      not: (own) => [
        [`x${own}`, "a"],
        [own.slice(0, -1), own],
      ],
    },
    {
      by: "any of several prefixes of the stream's name",
      filter: (own) => streamNameFilter({ prefixes: [`${own}-test-`, `${own}-other-`] }),
      passes: (own) => [
        [`${own}-test-1`, "a"],
        [`${own}-other-1`, "a"],
      ],
      not: (own) => [[`${own}-third-1`, "a"]],
    },
    {
      by: "a prefix, letter by letter,",
      filter: (own) => streamNameFilter({ prefixes: [`${own}.*(a`] }),
      passes: (own) => [[`${own}.*(ab`, "a"]],
      not: (own) => [
        [`${own}xx(ab`, "a"],
        [`${own.toUpperCase()}.*(ab`, "a"],
        [`${own}.*(Ab`, "a"],
      ],
    },
    {
      by: "a prefix of what is the server's own",
      filter: (own) => streamNameFilter({ prefixes: [`$$${own}`] }),
      passes: (own) => [[`$$${own}-1`, "$metadata"]],
      not: (own) => [[`${own}-1`, "a"]],
    },
    {
      by: "a regular expression for the stream's name",
      filter: (own) => streamNameFilter({ regex: `^[0-9]*_${own}_` }),
      passes: (own) => [
        [`17_${own}_a`, "a"],
        [`_${own}_b`, "b"],
      ],
      not: (own) => [
        [`x_${own}_a`, "a"],
        [`17_${own}`, "a"],
      ],
    },
    {
      by: "a regular expression that has alternatives",
      filter: (own) => streamNameFilter({ regex: `^account.*${own}|^savings.*${own}` }),
      passes: (own) => [
        [`account-${own}`, "a"],
        [`savings-${own}`, "a"],
      ],
      not: (own) => [[`my-savings-${own}`, "a"]],
    },
    {
      by: "a regular expression that matches anywhere",
      filter: (own) => streamNameFilter({ regex: own }),
      passes: (own) => [[`before-${own}-behind`, "a"]],
      not: () => [["elsewhere", "a"]],
    },
    {
      by: "a prefix of the type",
      filter: (own) => eventTypeFilter({ prefixes: [`${own}-customer-`] }),
      passes: (own) => [
        [`any-${own}`, `${own}-customer-a`],
        [`any-${own}`, `${own}-customer-b`],
      ],
      not: (own) => [
        [`${own}-customer-1`, "a"],
        [`any-${own}`, own],
      ],
    },
    {
      by: "a regular expression for the type",
      filter: (own) => eventTypeFilter({ regex: `^${own}-(user|company)[A-Z]` }),
      passes: (own) => [
        [`any-${own}`, `${own}-userAdded`],
        [`any-${own}`, `${own}-companyAdded`],
      ],
      not: (own) => [
        [`any-${own}`, `${own}-users`],
        [`any-${own}`, `other-${own}-userAdded`],
      ],
    },
  ];

  for (const { by, filter, passes, not } of cases)
    it(`passes what ${by} selects, in history and when it comes`, async () => {
      const own = randomUUID();
      const fromPosition = await mark();
      const appendAll = async () => {
        for (const [stream, type] of [...not(own), ...passes(own), ...not(own)]) await append(stream, 2, type);
      };
      const expected = passes(own).flatMap((each) => [each, each]);
      const named = () => following.events.map(({ event }) => [event!.streamId, event!.type]);
      await appendAll();
      const following = follow(node.client.subscribeToAll({ fromPosition, filter: filter(own) }));
      await following.isLive();
      expect(named()).to.deep.equal(expected);
      await appendAll();
      await following.has(expected.length * 2);
      expect(named()).to.deep.equal([...expected, ...expected]);
      await following.stop();
    });

  it("passes nothing old when it starts at the end", async () => {
    const own = randomUUID();
    await append(own, 3);
    const following = follow(
      node.client.subscribeToAll({ fromPosition: END, filter: streamNameFilter({ prefixes: [own] }) }),
    );
    expect(await following.isLive()).to.deep.equal([]);
    await append(own, 2, "test.New");
    expect(typesOf(await following.has(2))).to.deep.equal(["test.New", "test.New"]);
    await following.stop();
  });

  it("leaves the server's own events out by excludeSystemEvents, and nothing else", async () => {
    const stream = newStream();
    await append(stream, 3);
    await node.client.setStreamMetadata(stream, { maxCount: 2 });
    const following = follow(node.client.subscribeToAll({ filter: excludeSystemEvents() }));
    const history = await following.isLive();
    expect(idsOf(history)).to.deep.equal(idsOf(usersOwn(await collect(node.client.readAll()))));
    await node.client.deleteStream(stream);
    await append(newStream(), 1, "test.Last");
    expect(typesOf((await following.has(following.caughtUp[0]! + 1)).slice(-1))).to.deep.equal(["test.Last"]);
    await following.stop();
  });

  it("looks at the link, not at its target, and still resolves it", async () => {
    const [stream, links] = [newStream("target"), newStream("filtered-links")];
    await append(stream, 1);
    await node.client.appendToStream(links, linkTo(stream, 0));
    const filter = streamNameFilter({ prefixes: [links] });
    const following = follow(node.client.subscribeToAll({ filter, resolveLinkTos: true }));
    const [found] = await following.has(1);
    expect([found!.event!.streamId, found!.link!.streamId]).to.deep.equal([stream, links]);
    await following.stop();
  });

  it("fails for what is no regular expression", async () => {
    const following = follow(node.client.subscribeToAll({ filter: streamNameFilter({ regex: "(" }) }));
    expect(await following.fails()).to.include({ code: 3 });
  });
});
