import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import type { RecordLog } from "../../../tools/eventstore/record-log.js";
import { startSystemProjections, type SystemProjections } from "../../../tools/eventstore/system-projections.js";
import { openTemporaryRecordLog } from "../../../tools/eventstore/temporary-record-log.js";
import { runs } from "../../runs.js";
import { expectedLinks, writtenLinks } from "./expected-links.js";
import { Killed, MortalLog, type Death } from "./mortal-log.js";
import { append, everything, proposed, targets } from "./records.js";

const names = ["$streams", "$stream_by_category", "$by_category", "$by_event_type", "$by_correlation_id"];
const outputs: Readonly<Record<string, string>> = {
  $streams: "$streams",
  $stream_by_category: "$category-",
  $by_category: "$ce-",
  $by_event_type: "$et-",
  $by_correlation_id: "$bc-",
};

const name = fc.constantFrom(...names);
const streamName = fc.constantFrom("order-1", "order-2", "basket-1", "plain");
const event = fc.record({
  type: fc.constantFrom("Placed", "Paid", "$>"),
  correlationId: fc.constantFrom(undefined, "one", "two"),
});

const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant("append" as const),
      streamName,
      events: fc.array(event, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom("delete" as const, "annotate" as const), streamName }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constantFrom(
        "enable" as const,
        "enable" as const,
        "disable" as const,
        "abort" as const,
        "reset" as const,
      ),
      name,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("die" as const),
      death: fc.record({ afterWrites: fc.integer({ min: 0, max: 8 }), isWritten: fc.boolean(), isFatal: fc.boolean() }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("restart" as const), isCrash: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("wait" as const), turns: fc.integer({ min: 1, max: 12 }) }) },
);

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A server that is killed and started again, while its clients go on. */
class Server {
  #mortal: MortalLog;
  #projections: SystemProjections;

  constructor(
    private readonly log: RecordLog,
    enabled: boolean,
  ) {
    this.#mortal = new MortalLog(log);
    this.#projections = startSystemProjections(this.#mortal, { enabled, recordsPerCheckpoint: 5 });
  }

  async perform(action: Action): Promise<void> {
    switch (action.does) {
      case "append":
        await append(this.log, action.streamName, ...action.events.map(toEvent));
        return;
      case "delete":
        await this.log.delete(action.streamName, "any");
        return;
      case "annotate":
        await append(this.log, `$$${action.streamName}`, proposed("$metadata", "", { note: 1 }));
        return;
      case "enable":
        return this.#unlessKilled(() => this.#projections.enable(action.name));
      case "reset":
        return this.#unlessKilled(() => this.#projections.reset(action.name));
      case "disable":
      case "abort":
        return this.#unlessKilled(() => this.#disable(action.name, action.does === "abort"));
      case "die":
        return this.#mortal.dieAt(action.death as Death);
      case "restart":
        return this.#restart(action.isCrash);
      case "wait":
        for (let i = 0; i < action.turns; i++) await turn();
    }
  }

  /** All are enabled, and have done what there is to do; nobody dies any more. */
  async finish(): Promise<void> {
    await this.#restart(true);
    await Promise.all(names.map((one) => this.#projections.enable(one)));
    await Promise.all(names.map((one) => this.#projections.caughtUp(one)));
    await this.#projections.stop();
  }

  async #restart(isCrash: boolean): Promise<void> {
    if (isCrash) this.#mortal.dieNow();
    await this.#projections.stop();
    this.#mortal = new MortalLog(this.log);
    this.#projections = startSystemProjections(this.#mortal, { recordsPerCheckpoint: 5 });
  }

  async #disable(projection: string, abort: boolean): Promise<void> {
    await this.#projections.disable(projection, { abort });
    const linkCount = () =>
      everything(this.log).filter((record) => record.streamName.startsWith(outputs[projection]!)).length;
    const before = linkCount();
    await append(this.log, "order-1", proposed("Paid", { $correlationId: "one" }));
    await turn();
    expect(linkCount()).to.equal(before);
  }

  async #unlessKilled(step: () => Promise<void>): Promise<void> {
    if (this.#mortal.isDead) await this.#restart(true);
    await step().catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
  }
}

/** What was written before a reset is hidden. */
const visibleLinks = (log: RecordLog) =>
  Object.fromEntries(
    [...writtenLinks(everything(log)).keys()].map((streamName) => [streamName, targets(log, streamName)]),
  );

const toEvent = ({ type, correlationId }: { type: string; correlationId: string | undefined }) =>
  proposed(type, correlationId === undefined ? "" : { $correlationId: correlationId }, type === "$>" ? "0@plain" : {});

describe("the system projections, killed at any write", () => {
  it("link each event once and in order, whatever happens to them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(action, { maxLength: 40, size: "max" }), async (enabled, actions) => {
        const log = await openTemporaryRecordLog();
        try {
          const server = new Server(log, enabled);
          for (const one of actions) await server.perform(one);
          await server.finish();
          const records = everything(log);
          expect(visibleLinks(log)).to.eql(Object.fromEntries(expectedLinks(records)));
        } finally {
          await log.close();
        }
      }),
      { numRuns: runs(30, 2_000) },
    );
  });
});
