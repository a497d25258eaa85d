/** The official client sends appends in batches over one stream that all calls share: they neither split nor mix. */

import { NO_STREAM, WrongExpectedVersionError } from "@eventstore/db-client";
import { expect } from "chai";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected, waysToAppend } from "./terms.js";

describe("The official client's batches", () => {
  const node = useNode();
  const read = (stream: string) => collect(node.client.readStream(stream));

  for (const batchAppendSize of [1, 1024])
    it(`are one append, however many of ${batchAppendSize} bytes there are`, async () => {
      const stream = newStream();
      const events = jsonEvents(300);
      const { nextExpectedRevision } = await node.client.appendToStream(stream, events, { batchAppendSize });
      expect(nextExpectedRevision).to.equal(299n);
      expect(idsOf(await read(stream))).to.deep.equal(idsOf(events));
      const conflict = node.client.appendToStream(stream, jsonEvents(300), { batchAppendSize, expectedRevision: 7n });
      expect(await rejected(WrongExpectedVersionError, conflict)).to.include({ actualVersion: 299n });
      expect(await read(stream)).to.have.length(300);
    });

  it("may be a flood: each append gets its own answer", async function () {
    this.timeout(90_000);
    const stream = newStream();
    const results = await Promise.all(
      Array.from({ length: 2_000 }, () => node.client.appendToStream(stream, oneEvent(), { deadline: 60_000 })),
    );
    const revisions = new Set(results.map(({ nextExpectedRevision }) => nextExpectedRevision));
    expect(revisions.size).to.equal(2_000);
    expect(await read(stream)).to.have.length(2_000);
  });

  it("compete with appends that are calls for themselves: one wins", async () => {
    const stream = newStream();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        node.client.appendToStream(stream, oneEvent(), {
          ...waysToAppend[index % 2]!.options,
          expectedRevision: NO_STREAM,
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).to.have.length(1);
    expect(await read(stream)).to.have.length(1);
  });

  it("keep the ones that fail apart from the ones that do not", async () => {
    const stream = newStream();
    await node.client.appendToStream(stream, oneEvent());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, index) =>
        node.client.appendToStream(index % 2 ? stream : newStream(), oneEvent(), { expectedRevision: NO_STREAM }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).to.deep.equal(
      outcomes.map((_, index) => (index % 2 ? "rejected" : "fulfilled")),
    );
  });
});
