/** One benchmark. It runs in a process of its own, so that its peak memory is its own. */

import type { Measured } from "./measure.js";

export interface PartOptions {
  /** For files; removed afterwards. */
  readonly folder: string;
  readonly runs: number;
  /** 1 is the full size. */
  readonly scale: number;
}

/** What is wanted: so much of the floor, or else so many where that is enough; of what takes time, no more than so long. */
export interface Goal {
  readonly ratio?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A figure next to the floor that was measured in the same run. */
export interface Figure extends Measured {
  readonly figure: string;
  readonly unit: string;
  readonly floor?: Measured & { readonly what: string };
  readonly goal?: Goal | undefined;
  /** Largest resident size of the part's process, in MiB. */
  readonly peakMiB?: number;
}

export interface Part {
  readonly name: string;
  readonly title: string;
  /** Measured only when its own name is given: it takes long, or installs what nothing else needs. */
  readonly onDemand?: boolean;
  /** Old objects that `run` may have in memory, in MiB; else as many as Node sees fit, which leaves garbage where there is room. */
  readonly heapMiB?: number;
  /** Gets what is no part of Rollcall's own package, once. */
  install?(): Promise<void>;
  /** Makes what `run` needs, in another process, so that its memory does not count. */
  prepare?(options: PartOptions): Promise<void>;
  run(options: PartOptions): Promise<readonly Figure[]>;
}
