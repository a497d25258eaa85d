import { expect } from "chai";
import {
  contentsOf,
  MemoryEventStore,
  RecordedEvent,
  type EventStore,
  type Page,
  type ReadLogOptions,
} from "../../src/index.js";
import { copyLog, verifyCopy } from "../../tools/copy/copy-log.js";
import type { CopyDiffers } from "../../tools/copy/errors.js";
import { append, appendEveryKind, earlierLog, event, eventsOf } from "./copying.js";

/** A log that shows its events otherwise than they are, as one that was harmed would. */
class HarmedStore extends MemoryEventStore {
  harm: (event: RecordedEvent) => readonly RecordedEvent[] = (event) => [event];

  override async *readLog(options?: ReadLogOptions): AsyncGenerator<Page, void> {
    for await (const page of super.readLog(options)) {
      const harmed = page.flatMap((event) => this.harm(event));
      if (harmed.length > 0) yield harmed;
    }
  }
}

interface Changes {
  id?: string;
  streamName?: string;
  type?: string;
  revision?: bigint;
  contentType?: string;
  data?: unknown;
  metadata?: unknown;
}

const changed = (event: RecordedEvent, changes: Changes): RecordedEvent => {
  const { id, streamName, type, revision, contentType, data } = { ...fieldsOf(event), ...changes };
  const { position, recordedAtMs, schemaVersion, correlationId, occurredAtMs, imported } = event;
  const metadata = "metadata" in changes ? changes.metadata : event.rawMetadata;
  return new RecordedEvent(
    id,
    streamName,
    type,
    revision,
    position,
    recordedAtMs,
    schemaVersion,
    correlationId,
    occurredAtMs,
    imported,
    contentType,
    contentsOf(data, () => metadata),
  );
};

const fieldsOf = ({ id, streamName, type, revision, contentType, data }: RecordedEvent) => ({
  id,
  streamName,
  type,
  revision,
  contentType,
  data,
});

describe("a comparison of a log with its copy", () => {
  let from: EventStore;
  let to: HarmedStore;

  beforeEach(async () => {
    const earlier = earlierLog();
    from = earlier.store;
    for (let i = 0; i < 30; i++) {
      await earlier.clock.advance(1000);
      await append(from, `s-${i % 4}`, event({ metadata: { $correlationId: `c-${i}` } }));
    }
    to = new HarmedStore();
    await copyLog({ from, to });
  });

  const differencesOf = async (): Promise<CopyDiffers> => {
    const error = await verifyCopy({ from, to }).then(
      () => expect.fail("no difference was found"),
      (thrown: unknown) => thrown as CopyDiffers,
    );
    expect(error.code, error.message).to.equal("COPY_DIFFERS");
    return error;
  };

  /** Harms the event at revision 3 of s-2. */
  const harm = (change: (event: RecordedEvent) => readonly RecordedEvent[]) => {
    to.harm = (event) => (event.streamName === "s-2" && event.revision === 3n ? change(event) : [event]);
  };

  it("finds none in a copy, and says its digest", async () => {
    const { events, digest } = await verifyCopy({ from, to });
    expect(events).to.equal(30);
    expect(digest).to.match(/^[0-9a-f]{64}$/);
  });

  it("needs all of every kind of event to be the same", async () => {
    const { store, clock } = earlierLog();
    await appendEveryKind(store, clock);
    const copy = new MemoryEventStore();
    const { digest } = await copyLog({ from: store, to: copy });
    expect((await verifyCopy({ from: store, to: copy })).digest).to.equal(digest);
  });

  const original = { $correlationId: "c-14" };
  const recordedAt = "2020-01-01T00:00:15.000Z";
  const harms: Record<string, [Changes, string]> = {
    "another id": [{ id: "other" }, "id differs"],
    "another type": [{ type: "test.Other" }, "type differs"],
    "another content type": [{ contentType: "text/plain" }, "content type differs"],
    "other data": [{ data: { number: "15" } }, "data differs"],
    "bytes for JSON": [{ data: new TextEncoder().encode("{}") }, "data differs"],
    "other metadata": [
      { metadata: { $correlationId: "x", occurredAt: recordedAt, copied: { recordedAt, added: ["occurredAt"] } } },
      "metadata differs",
    ],
    "more metadata": [
      { metadata: { ...original, more: 1, occurredAt: recordedAt, copied: { recordedAt, added: ["occurredAt"] } } },
      "metadata differs",
    ],
    "another time of recording": [
      {
        metadata: {
          ...original,
          occurredAt: "2020-01-01T00:00:15.001Z",
          copied: { recordedAt: "2020-01-01T00:00:15.001Z", added: ["occurredAt"] },
        },
      },
      "time differs",
    ],
    "another business time": [
      { metadata: { ...original, occurredAt: "2021", copied: { recordedAt, added: ["occurredAt"] } } },
      "metadata, time differ",
    ],
    "no business time": [
      { metadata: { ...original, copied: { recordedAt, added: ["occurredAt"] } } },
      "metadata, time differ",
    ],
    "nothing of what a copy adds": [{ metadata: original }, "time differs"],
    "no metadata": [{ metadata: undefined }, "metadata, time differ"],
  };
  for (const [what, [changes, expected]] of Object.entries(harms))
    it(`finds ${what}, and says where`, async () => {
      harm((event) => [changed(event, changes)]);
      const error = await differencesOf();
      expect(error.differences).to.have.length(1);
      expect(error.differences[0]).to.include({ streamName: "s-2", revision: 3n, what: expected });
      expect(error.message).to.equal(`The logs differ in 1 place(s):\n  1. s-2, revision 3: ${expected}`);
    });

  it("finds what the harms above are measured against unharmed", async () => {
    harm((event) => [
      changed(event, {
        metadata: { ...original, occurredAt: recordedAt, copied: { recordedAt, added: ["occurredAt"] } },
      }),
    ]);
    expect((await verifyCopy({ from, to })).events).to.equal(30);
  });

  it("takes nothing for an addition of its own that somebody else calls by the same name", async () => {
    const copied = (by: string) => ({ copied: { recordedAt, by } });
    await append(from, "s-2", event({ metadata: copied("hand") }));
    await copyLog({ from, to });
    to.harm = (event) => [
      event.streamName === "s-2" && event.revision === 7n ? changed(event, { metadata: copied("machine") }) : event,
    ];
    expect((await differencesOf()).differences[0]).to.include({ revision: 7n, what: "metadata differs" });
  });

  it("finds an event that is missing, and compares nothing after it", async () => {
    harm(() => []);
    const error = await differencesOf();
    expect(error.message).to.match(
      /^The logs differ in 1 place\(s\), and nothing after the last of these was compared:\n {2}1\. s-2, revision 3: in its place is s-3, revision 3 \(test\.Happened, id [-\w]+\)$/,
    );
  });

  it("finds an event that is there twice, or in another place", async () => {
    harm((event) => [event, event]);
    expect((await differencesOf()).message).to.include("s-3, revision 3: in its place is s-2, revision 3");
    harm((event) => [changed(event, { revision: 4n })]);
    expect((await differencesOf()).message).to.include("s-2, revision 3: in its place is s-2, revision 4");
    harm((event) => [changed(event, { streamName: "s-4" })]);
    expect((await differencesOf()).message).to.include("s-2, revision 3: in its place is s-4, revision 3");
  });

  it("finds that the copy ends too early", async () => {
    to.harm = (event) => (event.position > 20n ? [] : [event]);
    const error = await differencesOf();
    expect(error.message).to.include("s-0, revision 5: is missing: the target ends before it");
    expect(error.total).to.equal(1);
  });

  it("lists a hundred differences, and counts the rest", async () => {
    for (let i = 0; i < 100; i++) await append(from, "long", event());
    await copyLog({ from, to });
    to.harm = (event) => [changed(event, { data: 0 })];
    const error = await differencesOf();
    expect(error.differences).to.have.length(100);
    expect(error.total).to.equal(130);
  });

  it("is made at the end of every copy", async () => {
    const fresh = new HarmedStore();
    fresh.harm = (event) => [changed(event, { data: 0 })];
    const error = (await copyLog({ from, to: fresh }).catch((e: unknown) => e)) as CopyDiffers;
    expect(error.code).to.equal("COPY_DIFFERS");
    expect(error.total).to.equal(30);
  });

  it("is made in a second run of what the first one has not compared", async () => {
    await append(from, "s-0", event(), event());
    to.harm = (event) => [event.streamName === "s-0" && event.revision === 9n ? changed(event, { type: "x" }) : event];
    const error = (await copyLog({ from, to }).catch((e: unknown) => e)) as CopyDiffers;
    expect(error.differences[0]).to.include({ streamName: "s-0", revision: 9n, what: "type differs" });
  });

  it("gives another digest for another history, whatever is different", async () => {
    const digests = new Set([(await verifyCopy({ from, to })).digest]);
    const [first] = await eventsOf(from);
    const occurredAt = first!.recordedAt.toISOString();
    for (const changes of [
      { id: "other" },
      { type: "a" },
      { data: 1 },
      { contentType: "a/b" },
      { streamName: "s" },
      { metadata: { occurredAt, copied: { recordedAt: occurredAt, added: ["occurredAt"] } } },
    ] as Changes[]) {
      const one = new HarmedStore();
      await copyLog({ from, to: one });
      // Both sides see the same other history.
      const harm = (event: RecordedEvent) => [event.id === first!.id ? changed(event, changes) : event];
      one.harm = harm;
      const other = new HarmedStore();
      await copyLog({ from, to: other });
      other.harm = harm;
      digests.add((await verifyCopy({ from: one, to: other })).digest);
    }
    expect(digests.size).to.equal(7);
  });
});
