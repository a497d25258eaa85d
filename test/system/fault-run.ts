/** One run under faults: a server, a line that fails, the application on it, clients, readers; and all of it at rest again. */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PaymentGateway, type PaymentAnswer, type PaymentRequest } from "../../domains/billing/index.js";
import { Rollcall, systemClock, type EventStore, type ProcessorStatus } from "../../src/index.js";
import { openEventStoreDb } from "../../src/store/eventstoredb/index.js";
import { startProxy, type FaultProxy } from "../eventstore/proxy.js";
import { ServerProcess } from "../eventstore/server-process.js";
import { until } from "../until.js";
import { FaultClients } from "./fault-clients.js";
import { FaultReader } from "./fault-reader.js";
import type { Fault, FaultKind, Schedule, SlowConsumer, Temper } from "./fault-schedule.js";
import quickApplication, { QuickGateway } from "./quick-application.js";
import { settled } from "./settling.js";

/** A fault as it happened. Times are those of `performance.now()`. */
export interface Strike {
  readonly fault: Fault;
  readonly beganAt: number;
  endedAt: number;
  /** What was asked for and not acknowledged when it began. */
  readonly underWay: number;
  /** Connections that were there when it began, and that were ever taken by then, and by its end. */
  readonly open: number;
  readonly taken: number;
  takenByItsEnd: number;
  /** How often it held up whom it was to slow down. */
  slowed: number;
}

const settings: Readonly<Record<Exclude<Temper, "configured">, { appendDeadlineMs: number; readTimeoutMs: number }>> = {
  hasty: { appendDeadlineMs: 2_000, readTimeoutMs: 1_000 },
  patient: { appendDeadlineMs: 40_000, readTimeoutMs: 40_000 },
};

/** Longest that anything may take to come to rest once everything works again. */
const patienceMs = 60_000;

export class FaultRun {
  readonly strikes: Strike[] = [];
  readonly troubles: string[] = [];
  private readonly states = new Map<string, ProcessorStatus["state"]>();
  /** How often a subscription of the application was told that the store does not answer. */
  retryings = 0;
  /** The provider's keys, by order. */
  readonly keys = new Map<string, Set<string>>();
  clients!: FaultClients;
  /** The application that is to bear it all. */
  private rollcall!: Rollcall;
  /** Looks into the stores by a line of its own, which does not fail, and runs nothing. */
  onlooker!: Rollcall;
  readers: FaultReader[] = [];
  private server!: ServerProcess;
  private proxy!: FaultProxy;
  /** Opened here, and not by the application. */
  private ownStore: EventStore | undefined;
  private readonly over = new AbortController();
  private readonly slowness = new Map<FaultKind, Strike>();
  /** The last fault of each kind: the next one waits for its end. */
  private readonly turns = new Map<FaultKind, Promise<void>>();

  private constructor(readonly schedule: Schedule) {}

  /** To be ended, whatever happens. */
  static async open(schedule: Schedule): Promise<FaultRun> {
    const run = new FaultRun(schedule);
    try {
      await run.begin();
      return run;
    } catch (error) {
      await run.end();
      throw error;
    }
  }

  get connectionsTaken(): number {
    return this.proxy.taken;
  }

  /** The log, for whoever reads it without the server, which must be gone then. */
  get file(): string {
    return this.server.file;
  }

  /** Everything happens that the schedule says, under traffic; resolves once everything has come to rest. */
  async go(): Promise<void> {
    await Promise.all([this.clients.work(), ...this.schedule.faults.map((fault) => this.strike(fault))]);
    await settled(this.onlooker, patienceMs);
    const head = (await this.onlooker.store.head())!;
    // Nothing may come any more but a tick, or an identity.
    const [all, ledgers] = this.readers as [FaultReader, FaultReader];
    await until("the reader has read everything", () => all.hasReached(head), patienceMs);
    const lastOfLedgers = all.seen.findLast(({ streamName }) => streamName.startsWith("ledger-"))!.position;
    await until("the reader of ledgers has, too", () => ledgers.hasReached(lastOfLedgers), patienceMs);
    await until("all are live", () => [...this.states.values()].every((state) => state === "live"), patienceMs);
  }

  /** How far everything is, for a failure to tell. */
  get standing(): string {
    const { clients, proxy, readers } = this;
    return [
      ...[...this.states].map(([name, state]) => `${name} ${state}`),
      ...readers.map(({ seen }) => `reader at ${seen.at(-1)?.position}`),
      `${clients?.acknowledged.length} acknowledged, ${clients?.refusals} refusals`,
      `${proxy?.open} of ${proxy?.taken} connections open`,
    ].join(", ");
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
    this.mend();
    const parts = [
      () => Promise.allSettled(this.turns.values()),
      ...this.readers.map((reader) => () => reader.leave()),
      () => this.rollcall?.stop(),
      () => this.ownStore?.close(),
      () => this.onlooker?.stop(),
      () => this.proxy?.close(),
      () => this.server?.remove(),
    ];
    for (const part of parts) await Promise.resolve(part()).catch(() => {});
  }

  private async begin(): Promise<void> {
    const { seed, temper } = this.schedule;
    this.server = await ServerProcess.start();
    this.proxy = await startProxy({ targetPort: this.server.port });
    const connectionString = `esdb://127.0.0.1:${this.proxy.port}?tls=false`;
    if (temper !== "configured") this.ownStore = await openEventStoreDb({ connectionString, ...settings[temper] });
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
    this.slowDownStores();
    await this.rollcall.start();
    const { store } = this.rollcall;
    this.readers = [
      new FaultReader(store, undefined, () => this.pause("slow reader")),
      new FaultReader(store, { streamPrefixes: ["ledger-"] }, () => this.pause("slow reader")),
    ];
    this.clients = new FaultClients(this.rollcall, seed, this.over.signal);
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
        await this.pause("slow provider");
        return gateway.request(asked, signal);
      },
    };
  }

  private slowDownStores(): void {
    const { readModels } = this.rollcall;
    const commit = readModels.commit.bind(readModels);
    const saveCheckpoint = readModels.saveCheckpoint.bind(readModels);
    readModels.commit = async (generation, ...rest) => {
      await this.pause(generation.name === "quick-cash" ? "slow observer" : "slow projection");
      return commit(generation, ...rest);
    };
    readModels.saveCheckpoint = async (...args) => {
      await this.pause("slow reactor");
      return saveCheckpoint(...args);
    };
  }

  private async pause(consumer: SlowConsumer): Promise<void> {
    const strike = this.slowness.get(consumer);
    if (!strike || this.over.signal.aborted) return;
    strike.slowed++;
    await sleep(strike.fault.amount);
  }

  private async strike(fault: Fault): Promise<void> {
    const { begins, kind } = fault;
    if ("afterMs" in begins) await sleep(begins.afterMs);
    else await this.clients.reach(begins.acknowledged);
    // Two of a kind would end each other.
    const turn = (this.turns.get(kind) ?? Promise.resolve()).then(() => this.perform(fault));
    this.turns.set(kind, turn);
    await turn;
  }

  private async perform(fault: Fault): Promise<void> {
    const { open, taken } = this.proxy;
    const beganAt = performance.now();
    const strike: Strike = {
      ...{ fault, beganAt, open, taken },
      ...{ underWay: this.clients.underWay, endedAt: beganAt, takenByItsEnd: taken, slowed: 0 },
    };
    this.strikes.push(strike);
    await this.happen(fault, strike);
    strike.endedAt = performance.now();
    strike.takenByItsEnd = this.proxy.taken;
  }

  private async happen({ kind, forMs, amount, direction }: Fault, strike: Strike): Promise<void> {
    const { proxy, server, clients } = this;
    // What nobody meets would be no fault: it lasts until somebody has.
    const lasting = async (isMet: () => boolean) => {
      await sleep(forMs);
      while (!isMet() && clients.isAtWork) await sleep(20);
    };
    const before = clients.acknowledged.length;
    const isAcknowledged = () => clients.acknowledged.length > before;
    switch (kind) {
      case "kill":
        await server.kill();
        await sleep(forMs);
        return server.start();
      case "cut":
        return proxy.cut();
      case "half-close":
        return proxy.halfClose(direction);
      case "stall":
        proxy.stall();
        await sleep(forMs);
        return proxy.resume();
      case "delay":
        proxy.delay(amount);
        await lasting(isAcknowledged);
        return proxy.delay(0);
      case "throttle":
        proxy.throttle(amount);
        await lasting(isAcknowledged);
        return proxy.throttle(Infinity);
      default:
        this.slowness.set(kind, strike);
        await lasting(() => strike.slowed > 0);
        this.slowness.delete(kind);
    }
  }

  private mend(): void {
    this.proxy?.delay(0);
    this.proxy?.throttle(Infinity);
    this.proxy?.resume();
  }
}
