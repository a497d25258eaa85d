/** The line from one process to the ports: each call takes a while either way, may fail or lose its answer, and is a place to die at. */

import { StoreUnavailable } from "../../src/index.js";
import type { Port, Strike } from "./plan.js";
import type { Wire } from "./wire.js";
import type { Sleeper } from "./world.js";

const never = <T>() => new Promise<T>(() => undefined);

type Outcome<T> = { readonly value: T } | { readonly error: unknown };

export class Line implements Sleeper {
  alive = true;
  frozenUntilMs = -Infinity;
  private readonly ends = new Set<() => void>();

  constructor(
    readonly wire: Wire,
    /** Its place in the plan, and what it is called in the trace. */
    readonly place: number,
    readonly name: string,
    private readonly onDeath: () => void,
  ) {}

  /** Nothing that this process does is seen from now on. */
  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    this.wire.note(this.name, "is killed");
    for (const end of this.ends) end();
    this.onDeath();
  }

  /** A call that the port carries out at once when it arrives. */
  async call<T>(port: Port, what: string, effect: () => Promise<T>): Promise<T> {
    const { strikes, fails } = await this.begin(what);
    // What was sent to the log arrives although its sender has died, or not; the read models are in the process itself.
    await this.wire.world.wait(this.wire.delayMs(), port === "rows" ? this : undefined);
    if (!this.alive && this.wire.random.whole(0, 1) === 0) return never();
    let outcome: Outcome<T>;
    if (fails || this.wire.isDown(port, this.place) || this.wire.chance(this.wire.plan.failing)) {
      outcome = { error: new StoreUnavailable(`${what}: nobody answers`) };
      this.wire.note(this.name, `${what}: fails`);
    } else {
      outcome = await outcomeOf(effect);
      this.wire.note(this.name, `${what}: ${"error" in outcome ? String(outcome.error) : "done"}`);
    }
    return this.finish(port, what, strikes, outcome);
  }

  /** Waits for something that the port says when it likes, or for the port to break. */
  async receive<T>(port: Port, what: string, next: () => Promise<T>, say: (value: T) => string): Promise<T> {
    const { strikes, fails } = await this.begin(what);
    let forget: () => void = () => undefined;
    const broken = new Promise<Outcome<T>>((resolve) => {
      const end = () => resolve({ error: new StoreUnavailable(`${what}: broken off`) });
      if (fails || this.wire.isDown(port, this.place)) end();
      else forget = this.wire.onBreak(port, this.place, end);
    });
    const outcome = await Promise.race([outcomeOf(next), broken]);
    forget();
    this.wire.note(this.name, `${what}: ${"error" in outcome ? String(outcome.error) : say(outcome.value)}`);
    return this.finish(port, what, strikes, outcome);
  }

  /** What is to happen when this process dies, because nobody else will see to it. */
  atDeath(end: () => void): () => void {
    this.ends.add(end);
    return () => this.ends.delete(end);
  }

  private async begin(what: string): Promise<{ readonly strikes: readonly Strike[]; readonly fails: boolean }> {
    if (!this.alive) return never();
    const strikes = this.wire.number(what);
    const fails = this.strike(strikes, "before");
    if (!this.alive) return never();
    if (this.frozenUntilMs > this.wire.world.nowMs) await this.wire.world.wait(0, this);
    return { strikes, fails };
  }

  private async finish<T>(port: Port, what: string, strikes: readonly Strike[], outcome: Outcome<T>): Promise<T> {
    const isLost = this.strike(strikes, "after");
    await this.wire.world.wait(this.wire.delayMs(), this);
    if ("error" in outcome) throw outcome.error;
    if (isLost || this.wire.isDown(port, this.place) || this.wire.chance(this.wire.plan.losing)) {
      this.wire.note(this.name, `${what}: the answer is lost`);
      throw new StoreUnavailable(`${what}: no answer came`);
    }
    return outcome.value;
  }

  /** Whether the call is to fail, or its answer to be lost. */
  private strike(strikes: readonly Strike[], now: Strike["when"]): boolean {
    const striking = strikes.filter(({ when }) => when === now && this.alive);
    for (const { what, forMs = 0 } of striking) {
      if (what === "dies") this.kill();
      if (what !== "freezes") continue;
      this.frozenUntilMs = this.wire.world.nowMs + forMs;
      this.wire.note(this.name, `freezes for ${forMs} ms`);
    }
    return striking.some(({ what }) => what === "fails");
  }
}

const outcomeOf = <T>(effect: () => Promise<T>): Promise<Outcome<T>> =>
  effect().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
