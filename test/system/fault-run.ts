/** One run under faults: a server, a line that fails, the application on it, clients, readers; and all of it at rest again. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PaymentGateway, type PaymentAnswer, type PaymentRequest } from "../../domains/billing/index.js";
import {
  Rollcall,
  StoreUnavailable,
  systemClock,
  type EventFilter,
  type EventStore,
  type ProcessorStatus,
} from "../../src/index.js";
import { openEventStoreDb, type EventStoreDbOptions } from "../../src/store/eventstoredb/index.js";
import { startProxy, type FaultProxy } from "../eventstore/proxy.js";
import { ServerProcess } from "../eventstore/server-process.js";
import { until } from "../until.js";
import { FaultClients, ledgerType } from "./fault-clients.js";
import { FaultReader } from "./fault-reader.js";
import type { Schedule, Temper } from "./fault-schedule.js";
import { settled } from "./settling.js";
import { FaultStrikes } from "./fault-strikes.js";
import quickApplication, { QuickGateway } from "./quick-application.js";

type Patience = Required<Pick<EventStoreDbOptions, "appendDeadlineMs" | "readTimeoutMs">>;

const patience: Readonly<Record<Exclude<Temper, "configured">, Patience>> = {
  hasty: { appendDeadlineMs: 1_200, readTimeoutMs: 600 },
  patient: { appendDeadlineMs: 40_000, readTimeoutMs: 40_000 },
};

/** Longest that anything may take to come to rest once everything works again. */
const restMs = 60_000;

export class FaultRun {
  clients!: FaultClients;
  faults!: FaultStrikes;
  readers: readonly FaultReader[] = [];
  /** Looks into the stores by a line of its own, which does not fail, and runs nothing. */
  onlooker!: Rollcall;
  /** Subscriptions that stopped, events that were parked, errors that nobody saw. */
  readonly troubles: string[] = [];
  /** How often a subscription of the application was told that the store does not answer. */
  retryings = 0;
  /** The provider's keys, by order. */
  readonly keys = new Map<string, Set<string>>();
  private server!: ServerProcess;
  private proxy!: FaultProxy;
  /** The application that is to bear it all. */
  private rollcall!: Rollcall;
  /** Its store, where it was not the application that opened it. */
  private ownStore: EventStore | undefined;
  private readonly states = new Map<string, ProcessorStatus["state"]>();
  private readonly over = new AbortController();

  /** To be begun, and to be ended whatever happens. */
  constructor(readonly schedule: Schedule) {}

  /** Connections that were ever made by way of the line. */
  get connectionsTaken(): number {
    return this.proxy.taken;
  }

  /** The log, for whoever reads it without the server, which must be gone then. */
  get file(): string {
    return this.server.file;
  }

  /** How far everything is, for a failure to tell. */
  get standing(): string {
    const { clients, proxy, readers } = this;
    return [
      ...[...this.states].map(([name, state]) => `${name} ${state}`),
      ...readers.map(({ seen }) => `reader at ${seen.at(-1)?.position}`),
      `${clients?.acknowledged.length} acknowledged, ${clients?.refusals} refusals`,
      ...this.troubles,
      `${proxy?.open} of ${proxy?.taken} connections open`,
    ].join(", ");
  }

  async begin(): Promise<void> {
    const { seed, temper } = this.schedule;
    this.server = await ServerProcess.start();
    this.proxy = await startProxy({ targetPort: this.server.port });
    const connectionString = `esdb://127.0.0.1:${this.proxy.port}?tls=false`;
    if (temper !== "configured") this.ownStore = await opened({ connectionString, ...patience[temper] });
    const files = { readModels: join(this.server.folder, "read-models.sqlite"), leaseTtlMs: 1_000 };
    const roles = ["ordering", "billing", "projection", "observer"];
    this.rollcall = await Rollcall.open(
      {
        ...quickApplication,
        bindings: (container) => void container.bind(PaymentGateway).toConstantValue(this.provider()),
      },
      { ...files, roles, ...(!this.ownStore && { store: connectionString }) },
      {
        ...(this.ownStore && { store: this.ownStore }),
        onChange: (status) => this.hear(status),
        onParked: ({ streamName, error }) => void this.troubles.push(`parked ${streamName}: ${error}`),
        onError: (error) => void this.troubles.push(`error: ${String(error)}`),
      },
    );
    this.onlooker = await Rollcall.open(quickApplication, { ...files, store: this.server.connectionString });
    this.clients = new FaultClients(this.rollcall, seed, this.over.signal);
    this.faults = new FaultStrikes(this.server, this.proxy, this.clients);
    this.slowDownStores();
    await this.rollcall.start();
    const read = (filter?: EventFilter) =>
      new FaultReader(this.rollcall.store, filter, () => this.faults.pause("slow reader"));
    this.readers = [read(), read({ streamPrefixes: ["ledger-"] })];
  }

  /** Everything happens that the schedule says, under traffic; resolves once everything has come to rest. */
  async go(): Promise<void> {
    await Promise.all([this.clients.work(), this.faults.strike(this.schedule.faults)]);
    await settled(this.onlooker, restMs);
    const head = (await this.onlooker.store.head())!;
    const [all, ledgers] = this.readers as [FaultReader, FaultReader];
    await until("the reader of everything has read it", () => all.hasReached(head), restMs);
    const lastEntry = all.seen.findLast(({ type }) => type === ledgerType)!.position;
    await until("the reader of ledgers has, too", () => ledgers.hasReached(lastEntry), restMs);
    await until("all are live", () => [...this.states.values()].every((state) => state === "live"), restMs);
  }

  /** The application stops, and the server is killed; what is left is the file. */
  async stop(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.leave()));
    await this.rollcall.stop();
    await this.ownStore?.close();
    await this.onlooker.stop();
    await this.server.kill();
  }

  /** Releases everything; errors on the way are those of a run that has failed already. */
  async end(): Promise<void> {
    this.over.abort();
    this.proxy?.delay(0);
    this.proxy?.throttle(Infinity);
    this.proxy?.resume();
    const parts = [
      () => this.faults?.end(),
      ...this.readers.map((reader) => () => reader.leave()),
      () => this.rollcall?.stop(),
      () => this.ownStore?.close(),
      () => this.onlooker?.stop(),
      () => this.proxy?.close(),
      () => this.server?.remove(),
    ];
    for (const part of parts) await Promise.resolve(part()).catch(() => {});
  }

  private hear({ name, state, error }: ProcessorStatus): void {
    this.states.set(name, state);
    if (state === "retrying") this.retryings++;
    if (state === "stopped") this.troubles.push(`${name} stopped: ${error?.stack}`);
  }

  private provider(): PaymentGateway {
    const gateway = new QuickGateway(systemClock);
    return {
      request: async (asked: PaymentRequest, signal: AbortSignal): Promise<PaymentAnswer> => {
        const { orderId, idempotencyKey } = asked;
        this.keys.set(orderId, (this.keys.get(orderId) ?? new Set<string>()).add(idempotencyKey));
        await this.faults.pause("slow provider");
        return gateway.request(asked, signal);
      },
    };
  }

  private slowDownStores(): void {
    const { readModels } = this.rollcall;
    const commit = readModels.commit.bind(readModels);
    const saveCheckpoint = readModels.saveCheckpoint.bind(readModels);
    readModels.commit = async (generation, ...rest) => {
      await this.faults.pause(generation.name === "quick-cash" ? "slow observer" : "slow projection");
      return commit(generation, ...rest);
    };
    readModels.saveCheckpoint = async (...args) => {
      await this.faults.pause("slow reactor");
      return saveCheckpoint(...args);
    };
  }
}

/** Nothing is wrong with the line yet, but a busy machine may take longer than a hasty store bears with. */
async function opened(options: EventStoreDbOptions): Promise<EventStore> {
  for (const deadline = performance.now() + restMs; ; await sleep(50))
    try {
      return await openEventStoreDb(options);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > deadline) throw error;
    }
}
