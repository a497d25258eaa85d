import { expect } from "chai";
import {
  clockStreamOf,
  MemoryEventStore,
  tick,
  type EventStore,
  type Page,
  type ReadLogOptions,
  type RecordedEvent,
} from "../../src/index.js";
import { copyLog, verifyCopy } from "../../tools/copy/copy-log.js";
import type { SourceTruncated } from "../../tools/copy/errors.js";
import { append, earlierLog, event, eventsOf } from "./copying.js";

/** A log of which part was scavenged: it is in no read any more, and the rest keeps its revisions. */
class ScavengedStore extends MemoryEventStore {
  constructor(private readonly isGone: (event: RecordedEvent) => boolean) {
    super();
  }

  override async *readLog(options?: ReadLogOptions): AsyncGenerator<Page, void> {
    for await (const page of super.readLog(options)) {
      const left = page.filter((event) => !this.isGone(event));
      if (left.length > 0) yield left;
    }
  }
}

const refusalOf = async (from: EventStore): Promise<SourceTruncated> => {
  const to = new MemoryEventStore();
  const error = (await copyLog({ from, to }).catch((thrown: unknown) => thrown)) as SourceTruncated;
  expect(error.code, error.message).to.equal("SOURCE_TRUNCATED");
  expect(await to.head()).to.equal(undefined);
  return error;
};

/** As EventStoreDB records it. */
const metadata = (store: EventStore, stream: string, data: object | string) =>
  append(
    store,
    `$$${stream}`,
    event({ type: "$metadata", data: typeof data === "string" ? new TextEncoder().encode(data) : data }),
  );

const deleted = '{"$tb":9223372036854775807}';

describe("a copy of a log that has lost something", () => {
  it("is refused when streams begin after revision 0, with a list of them, before anything is written", async () => {
    const from = new ScavengedStore(({ streamName, revision }) => streamName === "a-1" && revision < 3n);
    for (let i = 0; i < 5; i++) for (const stream of ["a-1", "b-1"]) await append(from, stream, event());
    const error = await refusalOf(from);
    expect(error.streams).to.deep.equal([{ streamName: "a-1", begins: 3n }]);
    expect(error.message).to.match(
      /^1 stream\(s\) of the source were truncated.*nothing was written:\n {2}1\. a-1 lacks events before revision 3\nName those that you can do without by --leave-out\.$/,
    );
  });

  it("is refused when a stream lacks events in its middle", async () => {
    const from = new ScavengedStore(({ revision }) => revision === 1n);
    for (let i = 0; i < 3; i++) await append(from, "a-1", event());
    expect((await refusalOf(from)).streams).to.deep.equal([{ streamName: "a-1", begins: 2n }]);
  });

  it("is refused for streams whose truncated events are in the log still", async () => {
    const { store: from } = earlierLog();
    for (const stream of ["a-1", "b-1"]) await append(from, stream, event(), event(), event());
    await metadata(from, "a-1", { $tb: 1, $maxCount: 7 });
    await metadata(from, "a-1", { $tb: 2, custom: "kept" });
    await metadata(from, "b-1", { $maxCount: 2, $tb: "2" });
    await append(from, "--b-1", event({ type: "$metadata", data: { $tb: 2 } }));
    expect((await refusalOf(from)).streams).to.deep.equal([{ streamName: "a-1", begins: 2n }]);
    await metadata(from, "a-1", { custom: "kept" });
    expect(await copyLog({ from, to: new MemoryEventStore() })).to.include({ copied: 7 });
  });

  it("lists a hundred such streams, and counts the rest", async () => {
    const from = new ScavengedStore(({ revision }) => revision === 0n);
    for (let i = 0; i < 130; i++) await append(from, `a-${i}`, event(), event());
    const error = await refusalOf(from);
    expect(error.streams).to.have.length(100);
    expect(error.total).to.equal(130);
  });

  it("goes through without the streams that are named as dispensable", async () => {
    const from = new ScavengedStore(({ streamName, revision }) => streamName === "a-1" && revision < 3n);
    for (let i = 0; i < 5; i++) for (const stream of ["a-1", "b-1"]) await append(from, stream, event());
    const to = new MemoryEventStore();
    expect(await copyLog({ from, to, leaveOut: ["a-1"] })).to.include({ copied: 5, leftOut: 2 });
    expect((await eventsOf(to)).every(({ streamName }) => streamName === "b-1")).to.equal(true);
  });

  it("numbers a clock anew that has forgotten its first ticks, and can be gone on with", async () => {
    const from = new ScavengedStore(({ streamName, revision }) => streamName === "rollcall.clock" && revision < 4n);
    for (let i = 0; i < 10; i++) {
      await append(from, clockStreamOf(from), event({ type: "observer.ClockTick", data: {} }));
      await append(from, "a-1", event());
    }
    await metadata(from, clockStreamOf(from), { $maxCount: 6, $tb: 2 });
    const [to, partly] = [new MemoryEventStore(), new MemoryEventStore()];
    const { digest } = await copyLog({ from, to });
    const ticks = (await eventsOf(to)).filter(({ streamName }) => streamName === clockStreamOf(to));
    expect(ticks.map(({ revision }) => revision)).to.deep.equal([0n, 1n, 2n, 3n, 4n, 5n]);
    expect((await verifyCopy({ from, to })).digest).to.equal(digest);
    await tick(to, Date.now() + 1_000);

    const controller = new AbortController();
    const stopped = copyLog({
      from,
      to: partly,
      signal: controller.signal,
      onProgress: ({ phase, done }) => phase === "copying" && done === 8 && controller.abort(),
    });
    expect(await stopped.catch((thrown: unknown) => thrown)).to.equal(controller.signal.reason);
    expect(await copyLog({ from, to: partly })).to.include({ digest, alreadyThere: 8, copied: 8 });
  });

  it("has no stream that was deleted, softly or for good, though its events are in the log still", async () => {
    const { store: from } = earlierLog();
    for (const stream of ["a-1", "b-1", "c-1", "d-1"]) await append(from, stream, event(), event());
    await metadata(from, "a-1", deleted);
    await append(from, "b-1", event({ type: "$streamDeleted" }));
    await metadata(from, "c-1", deleted);
    await metadata(from, "c-1", { custom: "deleted no more" });
    const to = new MemoryEventStore();
    expect(await copyLog({ from, to })).to.include({ copied: 4, leftOut: 8, streams: 2 });
    expect(new Set((await eventsOf(to)).map(({ streamName }) => streamName))).to.deep.equal(new Set(["c-1", "d-1"]));
    expect(await verifyCopy({ from, to })).to.include({ events: 4 });
  });

  it("is refused for a stream that was deleted and has begun anew since, which numbers its events on", async () => {
    const { store: from } = earlierLog();
    await append(from, "a-1", event(), event());
    await metadata(from, "a-1", deleted);
    await append(from, "a-1", event());
    await metadata(from, "a-1", { $tb: 2 });
    expect((await refusalOf(from)).streams).to.deep.equal([{ streamName: "a-1", begins: 2n }]);
  });

  it("has links as they are: what they lead to has the same place in the copy", async () => {
    const { store: from } = earlierLog();
    await append(from, "a-1", event());
    await append(
      from,
      "favourites",
      event({ type: "$>", data: new TextEncoder().encode("0@a-1"), contentType: "x/y" }),
    );
    const to = new MemoryEventStore();
    await copyLog({ from, to });
    const [, link] = await eventsOf(to);
    expect(link).to.include({ type: "$>", streamName: "favourites" });
    expect(new TextDecoder().decode(link!.data as Uint8Array)).to.equal("0@a-1");
  });
});
