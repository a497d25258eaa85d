/** An application that is live, with a history and with orders coming in, and other instances on the same files beside it. */

import { setTimeout as sleep } from "node:timers/promises";
import { PlaceOrder } from "../../domains/ordering/index.js";
import {
  InvalidQuery,
  Rollcall,
  type ApplicationDefinition,
  type ProcessorState,
  type ProcessorStatus,
  type Row,
} from "../../src/index.js";
import { until } from "../until.js";
import { filesIn } from "./crash-child.js";
import { CrashRun } from "./crash-run.js";
import quickApplication from "./quick-application.js";
import { settled } from "./settling.js";

const history = 500;

/** As the subscriptions are called in their status. */
export const projectionWorker = "read-model:order-summary@1";
export const observerWorker = "read-model:quick-cash";

export class LiveApplication {
  /** Its folder, and processes to be killed on it. */
  readonly crash = new CrashRun(0);
  readonly changes: ProcessorStatus[] = [];
  worker!: Rollcall;
  private readonly opened: Rollcall[] = [];
  private readonly stopWriting = new AbortController();
  private writing: Promise<void> | undefined;
  private placed = 0;

  async begin(): Promise<void> {
    this.worker = await Rollcall.open(quickApplication, filesIn(this.crash.path), {
      onChange: (status) => void this.changes.push(status),
    });
    this.opened.push(this.worker);
    await Promise.all(Array.from({ length: history }, () => this.placeOrder()));
    await this.worker.start();
    await settled(this.worker);
  }

  async end(): Promise<void> {
    await this.stopOrders();
    await Promise.all(this.opened.map((each) => each.stop()));
    this.crash.folder.remove();
  }

  /** Another instance on the same files, with connections and leases of its own; it runs nothing until it is started. */
  async beside(definition: ApplicationDefinition = quickApplication): Promise<Rollcall> {
    const { path } = this.crash;
    const instance = await Rollcall.open(definition, { ...filesIn(path), roles: ["projection"] });
    this.opened.push(instance);
    return instance;
  }

  /** Orders come in until `stopOrders`. */
  startOrders(): void {
    this.writing = (async () => {
      for (; !this.stopWriting.signal.aborted; await sleep(3)) await this.placeOrder();
    })();
  }

  async stopOrders(): Promise<void> {
    this.stopWriting.abort();
    await this.writing;
  }

  /** Waits until orders that come in from now on are in the rows that serve. */
  async servesNewOrders(): Promise<void> {
    const before = this.placed;
    await until("new orders are placed", () => this.placed >= before + 5);
    const { position } = await this.placeOrder();
    await until(
      "new orders are served",
      async () =>
        ((await this.worker.readModels.activeGeneration("order-summary@1"))!.checkpoint!.position ?? 0n) >= position!,
    );
  }

  /** The states that a subscription of the worker went through since `from`, a length of `changes`. */
  statesSince(from: number, worker: string): ProcessorState[] {
    return this.changes
      .slice(from)
      .filter(({ name }) => name === worker)
      .map(({ state }) => state);
  }

  async generation(name = "order-summary@1"): Promise<number> {
    return (await this.worker.readModels.activeGeneration(name))!.id;
  }

  private placeOrder() {
    const aggregateId = `o${this.placed++}`;
    return this.worker.dispatch(PlaceOrder.of({ aggregateId, total: 10 + this.placed, currency: "EUR" }));
  }
}

/** Makes the first commit of an instance take so long, as that of a long history does; others have their turn meanwhile. */
export function slowFirstCommit({ readModels }: Rollcall, ms: number, onCommit: () => void = () => undefined): void {
  const commit = readModels.commit.bind(readModels);
  readModels.commit = async (...args) => {
    readModels.commit = commit;
    onCommit();
    await sleep(ms);
    return commit(...args);
  };
}

/** Reads every row, page by page, as a client does; from the beginning when a new generation has come between two pages. */
export async function walk(
  { readModels }: Rollcall,
  name: string,
): Promise<{ rows: Map<string, Row>; pages: Row[][] }> {
  for (;;) {
    const rows = new Map<string, Row>();
    const pages: Row[][] = [];
    let cursor: string | undefined;
    try {
      do {
        const page = await readModels.findRows(name, { limit: 200, cursor });
        for (const { key, row } of page.rows) rows.set(key, row);
        pages.push(page.rows.map(({ row }) => row));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return { rows, pages };
    } catch (error) {
      if (!(error instanceof InvalidQuery)) throw error;
    }
  }
}
