/** The faults of a schedule as they happen, to a server, to the line that leads to it, and to consumers. */

import { setTimeout as sleep } from "node:timers/promises";
import type { FaultProxy } from "../eventstore/proxy.js";
import type { ServerProcess } from "../eventstore/server-process.js";
import type { FaultClients } from "./fault-clients.js";
import type { Fault, FaultKind, SlowConsumer } from "./fault-schedule.js";

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

export class FaultStrikes {
  readonly strikes: Strike[] = [];
  private readonly slowness = new Map<FaultKind, Strike>();
  /** The last fault of each kind: the next one waits for its end, because one would end the other. */
  private readonly turns = new Map<FaultKind, Promise<void>>();
  private over = false;

  constructor(
    private readonly server: ServerProcess,
    private readonly proxy: FaultProxy,
    private readonly clients: FaultClients,
  ) {}

  /** Resolves when the last fault is over, and everything works. */
  async strike(faults: readonly Fault[]): Promise<void> {
    await Promise.all(
      faults.map(async (fault) => {
        const { begins, kind } = fault;
        if ("afterMs" in begins) await sleep(begins.afterMs);
        else await this.clients.reach(begins.acknowledged);
        const turn = (this.turns.get(kind) ?? Promise.resolve()).then(() => this.perform(fault));
        this.turns.set(kind, turn);
        await turn;
      }),
    );
  }

  /** Takes as long as the schedule has it for this consumer now. */
  async pause(consumer: SlowConsumer): Promise<void> {
    const strike = this.slowness.get(consumer);
    if (!strike) return;
    strike.slowed++;
    await sleep(strike.fault.amount);
  }

  /** Resolves when nothing happens any more, and nothing will, although the run may have failed half-way. */
  async end(): Promise<void> {
    this.over = true;
    await Promise.allSettled(this.turns.values());
    this.slowness.clear();
  }

  private async perform(fault: Fault): Promise<void> {
    if (this.over) return;
    const { open, taken } = this.proxy;
    const { underWay } = this.clients;
    const beganAt = performance.now();
    const strike: Strike = { fault, beganAt, endedAt: beganAt, underWay, open, taken, takenByItsEnd: taken, slowed: 0 };
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
      while (!isMet() && clients.areAtWork) await sleep(20);
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
      case "slow projection":
      case "slow observer":
      case "slow reactor":
      case "slow provider":
      case "slow reader":
        this.slowness.set(kind, strike);
        await lasting(() => strike.slowed > 0);
        this.slowness.delete(kind);
    }
  }
}
