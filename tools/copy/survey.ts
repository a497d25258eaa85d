/** Before anything is written: whether the source can be copied, and how much of it the target holds already. */

import type { RecordedEvent } from "../../src/message/index.js";
import type { Refusal } from "./acceptance.js";
import type { Comparison } from "./comparison.js";
import { SourceTruncated, TargetDiffers, TargetUnsuitable, type Difference, type TruncatedStream } from "./errors.js";
import type { LogCursor } from "./log-cursor.js";
import type { Selection } from "./selection.js";

export interface Survey {
  /** Of the source. */
  readonly events: number;
  readonly streams: number;
  /** The target holds all of that, and events after it. */
  readonly targetGoesOn: boolean;
}

const longestList = 100;

/**
 * Reads the source to its end, and beside it all that the target holds. How much that is `comparison` tells afterwards.
 * @throws TargetDiffers, SourceTruncated, TargetUnsuitable, the signal's reason, and what the stores throw
 */
export async function survey(
  source: LogCursor,
  target: LogCursor,
  selection: Selection,
  comparison: Comparison,
  refuses: Refusal,
  onPosition: (position: bigint) => void,
): Promise<Survey> {
  const streams = new Streams(selection);
  const refused: Difference[] = [];
  let total = 0;
  let events = 0;
  let beside: RecordedEvent | undefined;
  for (let ended = false; ;) {
    const event = await source.next();
    beside = ended ? undefined : await target.next();
    if (!event) break;
    events++;
    streams.see(event);
    const what = refuses(event);
    if (what !== undefined && ++total <= longestList)
      refused.push({ streamName: event.streamName, revision: event.revision, what });
    if (beside) {
      const difference = comparison.next(event, beside);
      if (difference) throw new TargetDiffers(difference);
    } else ended = true;
    onPosition(event.position);
  }
  streams.throwIfTruncated();
  if (total > 0) throw new TargetUnsuitable(refused, total);
  return { events, streams: streams.count, targetGoesOn: beside !== undefined };
}

/** The streams of the source, and which of them lack events. */
class Streams {
  private readonly next = new Map<string, number>();
  private readonly truncated = new Map<string, bigint>();

  constructor(private readonly selection: Selection) {}

  get count(): number {
    return this.next.size;
  }

  see(event: RecordedEvent): void {
    const { streamName } = event;
    const revision = this.selection.revisionOf(event);
    if (Number(revision) !== (this.next.get(streamName) ?? 0)) this.truncated.set(streamName, revision);
    this.next.set(streamName, Number(revision) + 1);
  }

  throwIfTruncated(): void {
    const { selection, truncated, next } = this;
    // Their events may be in the log still, until it is scavenged; as streams they begin later all the same.
    for (const [streamName, begins] of selection.truncated)
      if (next.has(streamName) && !selection.isClock(streamName)) truncated.set(streamName, begins);
    if (truncated.size === 0) return;
    const listed: TruncatedStream[] = Array.from(truncated, ([streamName, begins]) => ({ streamName, begins }));
    throw new SourceTruncated(listed.slice(0, longestList), truncated.size);
  }
}
