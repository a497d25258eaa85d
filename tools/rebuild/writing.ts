/** What the rows of a rebuild take besides reading: most are written at the end, which must not come as a surprise. */

import type { RebuildProgress } from "../../src/index.js";
import type { Besides } from "../pace.js";

/** To encode, sort, write and index a row takes as long as to read and fold so many events (`npm run bench -- rebuild`). */
const eventsPerRow = 3;

export class Writing {
  private readonly first = new Map<string, number>();
  private readonly said = new Map<string, RebuildProgress>();
  private from: bigint | undefined;
  private furthest = 0n;

  /** In positions of the log, since the first look. */
  besides(now: RebuildProgress): Besides {
    if (!this.first.has(now.name)) this.first.set(now.name, now.events);
    this.said.set(now.name, now);
    const { position = 0n } = now;
    this.from ??= position;
    if (position > this.furthest) this.furthest = position;
    const read = Number(this.furthest - this.from);
    let [events, written, waiting] = [0, 0, 0];
    for (const { name, rows, events: folded } of this.said.values()) {
      events += folded - this.first.get(name)!;
      written += rows?.written ?? 0;
      waiting += rows?.waiting ?? 0;
    }
    if (events <= 0) return { done: 0, ahead: 0 };
    const perRow = (eventsPerRow * read) / events;
    return { done: perRow * written, ahead: perRow * waiting };
  }
}
