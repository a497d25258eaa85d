/** What all calls of a run share: its plan, the numbers of the calls, who may not be answered, and the trace. */

import { createHash } from "node:crypto";
import type { Random } from "../system/random.js";
import type { Plan, Port, Strike } from "./plan.js";
import { startMs, type World } from "./world.js";

export class Wire {
  /** One line for each thing that happened at a port, with its time. */
  readonly trace: string[] = [];
  /** What nobody may do whatever goes wrong, and somebody did. */
  readonly failures: string[] = [];
  /** Calls so far: each is a crash point. */
  points = 0;
  private mended = false;
  /** Each with how many calls it has met. */
  private readonly strikes: Map<Strike, number>;
  private readonly breaking = new Map<() => void, { readonly port: Port; readonly process: number }>();

  constructor(
    readonly world: World,
    readonly plan: Plan,
    readonly random: Random,
  ) {
    this.strikes = new Map(plan.strikes.map((strike) => [strike, 0]));
    for (const outage of plan.outages)
      world.schedule(startMs + outage.fromMs, () => {
        for (const [end, { port, process }] of this.breaking) if (this.isDown(port, process)) end();
      });
  }

  /** The same seed gives the same digest. */
  get digest(): string {
    return createHash("sha256").update(this.trace.join("\n")).digest("hex");
  }

  /** From now on nothing goes wrong. */
  mend(): void {
    this.mended = true;
  }

  /** Numbers a call that is about to be made, and says what strikes whoever makes it. */
  number(name: string): readonly Strike[] {
    const point = ++this.points;
    const striking: Strike[] = [];
    for (const [strike, met] of this.strikes) {
      const { at } = strike;
      if ("call" in at && !name.startsWith(at.call)) continue;
      this.strikes.set(strike, met + 1);
      if ("call" in at ? at.nth === met + 1 : at.point === point) striking.push(strike);
    }
    return this.mended ? [] : striking;
  }

  note(process: string, text: string): void {
    this.trace.push(`${(this.world.nowMs - startMs).toFixed(3)} ${process} ${text}`);
  }

  delayMs(): number {
    const { mostMs, slow, slowMs } = this.plan.delays;
    const most = !this.mended && this.chance(slow) ? slowMs : mostMs;
    return this.random.whole(0, most * 1_000) / 1_000;
  }

  chance(share: number): boolean {
    return share > 0 && !this.mended && this.random.whole(0, 9_999) < share * 10_000;
  }

  isDown(port: Port, process: number): boolean {
    const afterMs = this.world.nowMs - startMs;
    return (
      !this.mended &&
      this.plan.outages.some(
        (outage) =>
          outage.port === port &&
          (outage.process === undefined || outage.process === process) &&
          outage.fromMs <= afterMs &&
          afterMs < outage.fromMs + outage.forMs,
      )
    );
  }

  /** Calls `end` when an outage begins; what it returns forgets it. */
  onBreak(port: Port, process: number, end: () => void): () => void {
    this.breaking.set(end, { port, process });
    return () => this.breaking.delete(end);
  }
}
