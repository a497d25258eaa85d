/** How fast something long goes, and how much longer it will take at that rate. */

export interface Standing {
  /** Done in a second; 0 before anything was. */
  readonly perSecond: number;
  /** Milliseconds; `undefined` where the total is unknown, or nothing was done yet. */
  readonly leftMs: number | undefined;
}

/** Work that comes of what is done, and takes time of its own; in the unit of what is done, since the first look. */
export interface Besides {
  readonly done: number;
  /** What is to do for what was done so far. */
  readonly ahead: number;
}

const nothing: Besides = { done: 0, ahead: 0 };

/**
 * The rate since the first look: what was done before that, as by a rebuild that is resumed, was done at another time.
 * All times in milliseconds of one clock.
 */
export class Pace {
  private firstDone: number | undefined;
  private firstAtMs = 0;

  /** @param total where it ends, in the unit of what is done; `undefined` when that is not known */
  constructor(private readonly total?: number) {}

  /** @param done so far */
  at(done: number, nowMs: number, besides = nothing): Standing {
    if (this.firstDone === undefined) [this.firstDone, this.firstAtMs] = [done, nowMs];
    const [more, tookMs] = [done - this.firstDone, nowMs - this.firstAtMs];
    if (more <= 0 || tookMs <= 0) return { perSecond: 0, leftMs: undefined };
    return { perSecond: (more * 1_000) / tookMs, leftMs: this.leftMs(done, more, tookMs, besides) };
  }

  /** The rest brings as much work besides as what was done. */
  private leftMs(done: number, more: number, tookMs: number, besides: Besides): number | undefined {
    if (this.total === undefined) return undefined;
    const left = Math.max(0, this.total - done) * (1 + (besides.done + besides.ahead) / more) + besides.ahead;
    return (left * tookMs) / (more + besides.done);
  }
}
