/** Why a log cannot be copied, or a copy is none. */

import { RollcallError } from "../../src/errors.js";

const numbered = (problems: readonly string[]) => problems.map((problem, i) => `  ${i + 1}. ${problem}`).join("\n");

/** A place where two logs do not agree. */
export interface Difference {
  readonly streamName: string;
  /** In the log that was copied. */
  readonly revision: bigint;
  /** What is different there, in words. */
  readonly what: string;
}

export const inWords = ({ streamName, revision, what }: Difference): string =>
  `${streamName}, revision ${revision}: ${what}`;

export interface TruncatedStream {
  readonly streamName: string;
  /** The revision before which events are missing. */
  readonly begins: bigint;
}

/** Streams of the source have lost events; nothing was written. */
export class SourceTruncated extends RollcallError {
  readonly code = "SOURCE_TRUNCATED";
  constructor(
    /** At most the first hundred. */
    readonly streams: readonly TruncatedStream[],
    readonly total: number = streams.length,
  ) {
    super(
      `${total} stream(s) of the source were truncated, and a copy would have to number their events anew; nothing was written:\n${numbered(streams.map(({ streamName, begins }) => `${streamName} lacks events before revision ${begins}`))}\nName those that you can do without by --leave-out.`,
    );
  }
}

/** The target cannot keep some events of the source as they are; nothing was written. */
export class TargetUnsuitable extends RollcallError {
  readonly code = "TARGET_UNSUITABLE";
  constructor(
    /** At most the first hundred. */
    readonly events: readonly Difference[],
    readonly total: number = events.length,
  ) {
    super(
      `The target cannot keep ${total} event(s) as they are; nothing was written:\n${numbered(events.map(inWords))}\nName the streams that you can do without by --leave-out.`,
    );
  }
}

/** The target holds something else than a beginning of the source; nothing was written. */
export class TargetDiffers extends RollcallError {
  readonly code = "TARGET_DIFFERS";
  constructor(readonly difference: Difference) {
    super(
      `The target holds something else than the source: ${inWords(difference)}. Nothing was written. Copy into an empty store, or into one that a copy of this log, with the same options, was begun in.`,
    );
  }
}

/** Somebody else wrote to the target during the copy. */
export class TargetInUse extends RollcallError {
  readonly code = "TARGET_IN_USE";
  constructor(
    readonly streamName: string,
    options?: ErrorOptions,
  ) {
    super(
      `${streamName}: somebody else wrote to the target during the copy. Stop whatever uses it, then run the same command again: it says whether the target is still of use.`,
      options,
    );
  }
}

/** The target recorded events in another order than they were appended in. */
export class CopyOutOfOrder extends RollcallError {
  readonly code = "COPY_OUT_OF_ORDER";
  constructor(readonly streamName: string) {
    super(
      `${streamName}: the target recorded an earlier event after a later one. Copy into an empty store with --in-flight 1.`,
    );
  }
}

/** Two logs were compared and do not agree. */
export class CopyDiffers extends RollcallError {
  readonly code = "COPY_DIFFERS";
  constructor(
    /** At most the first hundred. */
    readonly differences: readonly Difference[],
    readonly total: number = differences.length,
    /** True when the order of events differs, so that nothing after it was compared. */
    readonly ended: boolean = false,
  ) {
    super(
      `The logs differ in ${total} place(s)${ended ? ", and nothing after the last of these was compared" : ""}:\n${numbered(differences.map(inWords))}`,
    );
  }
}
