/** What the rows of a rebuild take besides reading: most are written at the end, which must not come as a surprise. */

import type { RebuildProgress } from "../../src/index.js";
import type { Besides } from "../pace.js";

/** To encode, sort, write and index a row takes as long as to read and fold so many events (`npm run bench -- rebuild`). */
const eventsPerRow = 3;

export class Writing {
  private readonly first = new Map<string, number>();
  private readonly said = new Map<string, RebuildProgress>();

  /** @param read how much was read since the first look, in whatever unit @returns in the same unit */
  besides(now: RebuildProgress, read: number): Besides {
    if (!this.first.has(now.name)) this.first.set(now.name, now.events);
    this.said.set(now.name, now);
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
