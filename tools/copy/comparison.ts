/** Two logs side by side, event by event: where they differ, and one digest of what is the same. */

import { createHash } from "node:crypto";
import type { RecordedEvent } from "../../src/message/index.js";
import type { Difference } from "./errors.js";
import { originalParts, partNames } from "./original.js";
import type { Selection } from "./selection.js";

const [streamPart, revisionPart] = [0, 1];

export class Comparison {
  /** Pairs that were compared. */
  events = 0;
  /** Of the last pair. */
  sourcePosition: bigint | undefined;
  targetPosition: bigint | undefined;
  private readonly hash = createHash("sha256");

  /** Both selections count: a log and its copy may name different revisions of the clock. */
  constructor(
    private readonly source: Selection,
    private readonly target: Selection,
  ) {}

  /**
   * Compares the next event of the source with that of the target. `outOfStep`: they are not at the same place, so
   * there is no use in going on.
   */
  next(source: RecordedEvent, target: RecordedEvent): (Difference & { readonly outOfStep: boolean }) | undefined {
    const expected = originalParts(source, this.source.revisionOf(source));
    const found = originalParts(target, this.target.revisionOf(target));
    const { streamName, revision } = source;
    const different = partNames.filter((_, i) => expected[i] !== found[i]);
    const outOfStep = expected[streamPart] !== found[streamPart] || expected[revisionPart] !== found[revisionPart];
    if (outOfStep) {
      const what = `in its place is ${target.streamName}, revision ${target.revision} (${target.type}, id ${target.id})`;
      return { streamName, revision, what, outOfStep };
    }
    this.events++;
    this.sourcePosition = source.position;
    this.targetPosition = target.position;
    for (const part of expected) this.hash.update(`${part.length}:${part}`);
    if (different.length === 0) return undefined;
    const what = `${different.join(", ")} ${different.length === 1 ? "differs" : "differ"}`;
    return { streamName, revision, what, outOfStep };
  }

  /** SHA-256 of the source's events so far, in hexadecimal: equal for a log and each copy of it, where nothing differed. */
  get digest(): string {
    return this.hash.copy().digest("hex");
  }
}
