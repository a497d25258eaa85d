/** Reads what is to be copied of a log, or what a copy holds, event by event. A store may hold a connection for each. */

import type { RecordedEvent } from "../../src/message/index.js";
import type { EventStore, Page } from "../../src/store/index.js";
import type { Selection } from "./selection.js";

export interface CursorOptions {
  /** Events at this position and before are left out. */
  readonly after?: bigint | undefined;
  /** The last position to read; to the end of the log unless stated. */
  readonly through?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class LogCursor {
  /** How many events were passed over, because the selection does not include them. */
  passedOver = 0;
  /** Of the last event looked at, whether selected or not. */
  position: bigint | undefined;
  private readonly pages: AsyncIterator<Page>;
  private buffered: readonly RecordedEvent[] = [];
  private index = 0;

  constructor(
    store: EventStore,
    private readonly selection: Selection,
    private readonly options: CursorOptions = {},
  ) {
    const { after, signal } = options;
    this.pages = store.readLog({ after, signal })[Symbol.asyncIterator]();
  }

  /** `undefined` at the end. @throws the signal's reason, and what the store throws */
  async next(): Promise<RecordedEvent | undefined> {
    while (this.index === this.buffered.length) {
      const page = await this.nextPage();
      if (!page) return undefined;
      this.buffered = page;
      this.index = 0;
    }
    return this.buffered[this.index++];
  }

  /** Events that were read together, maybe none of those selected; `undefined` at the end. Not to be mixed with `next`. */
  async nextPage(): Promise<readonly RecordedEvent[] | undefined> {
    const { through, signal } = this.options;
    if (through !== undefined && this.position !== undefined && this.position >= through) return undefined;
    const { value, done } = await this.pages.next();
    // A read that is told to stop ends as if there were no more.
    signal?.throwIfAborted();
    if (done) return undefined;
    const page = through === undefined ? value : value.filter(({ position }) => position <= through);
    this.position = value.at(-1)!.position;
    const selected = page.filter((event) => this.selection.includes(event));
    this.passedOver += page.length - selected.length;
    return selected;
  }

  async close(): Promise<void> {
    await this.pages.return?.();
  }
}

/** Closes the cursors, however the work with them ends. */
export async function closing<T>(cursors: readonly LogCursor[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}
