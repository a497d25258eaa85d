/** One read of the log for several readers: every page is read once, and goes to those whom it concerns. */

import { passes } from "../store/event-filter.js";
import type { EventFilter, EventStore, Page, ReadLogOptions } from "../store/event-store.js";

/**
 * Readers go in step: the slowest sets the pace, and nothing is kept but the page under way. Whoever fails, or has enough,
 * leaves; the others go on. The first read of each is shared, later ones are its own.
 */
export class SharedRead {
  private readonly readers = new Set<Reader>();
  private expected: number;

  /** @param readers how many are to come; nothing is read until all have come, or left */
  constructor(
    private readonly store: Pick<EventStore, "readLog">,
    readers: number,
  ) {
    this.expected = readers;
  }

  /** A place among the readers, for one of them alone. */
  place(): { readonly readLog: EventStore["readLog"]; readonly leave: () => void } {
    let reader: Reader | undefined;
    let isOver = false;
    const leave = () => {
      if (isOver) return;
      isOver = true;
      if (reader) this.readers.delete(reader);
      else this.expected--;
      reader?.leave();
      this.beginWhenAllAreHere();
    };
    const join = (options: ReadLogOptions) => {
      reader = new Reader(options);
      this.readers.add(reader);
      this.expected--;
      this.beginWhenAllAreHere();
      return reader.pages(leave);
    };
    return { readLog: (options = {}) => (reader || isOver ? this.store.readLog(options) : join(options)), leave };
  }

  private beginWhenAllAreHere(): void {
    if (this.expected > 0 || this.readers.size === 0) return;
    this.expected = Infinity;
    void this.read().catch((error: unknown) => {
      for (const reader of this.readers) reader.fail(error);
    });
  }

  private async read(): Promise<void> {
    const options = [...this.readers].map((reader) => reader.options);
    const filter = unionOf(options.map((each) => each.filter));
    const after = earliest(options.map((each) => each.after));
    for await (const page of this.store.readLog({
      ...(after !== undefined && { after }),
      ...(filter && { filter }),
      repeatedly: options.some(({ repeatedly }) => repeatedly),
    })) {
      if (this.readers.size === 0) return;
      await Promise.all([...this.readers].map((reader) => reader.take(page)));
    }
    for (const reader of this.readers) reader.end();
  }
}

/** Hands one page after the other to whoever iterates. */
class Reader {
  private offered: { page: Page; taken: () => void } | undefined;
  private over: { error?: unknown } | undefined;
  private wake: () => void = () => {};

  constructor(readonly options: ReadLogOptions) {}

  /** Resolves when the reader is done with what of the page concerns it, or has left. */
  async take(page: Page): Promise<void> {
    const { filter, after } = this.options;
    const own = page.filter(
      ({ type, streamName, position }) => passes(filter, type, streamName) && (after === undefined || position > after),
    );
    if (own.length === 0 || this.over) return;
    await new Promise<void>((taken) => {
      this.offered = { page: own, taken };
      this.wake();
    });
  }

  end(): void {
    this.over ??= {};
    this.wake();
  }

  fail(error: unknown): void {
    this.over ??= { error };
    this.wake();
  }

  leave(): void {
    this.end();
    this.offered?.taken();
  }

  async *pages(leave: () => void): AsyncGenerator<Page, void> {
    const { signal } = this.options;
    const aborted = () => this.leave();
    signal?.addEventListener("abort", aborted);
    try {
      while (!signal?.aborted) {
        const { offered } = this;
        if (offered) {
          yield offered.page;
          this.offered = undefined;
          offered.taken();
        } else if (this.over) {
          if ("error" in this.over) throw this.over.error;
          return;
        } else await new Promise<void>((wake) => (this.wake = wake));
      }
    } finally {
      signal?.removeEventListener("abort", aborted);
      leave();
    }
  }
}

/** What passes one of them; `undefined` where that cannot be said by one filter, so that everything is read. */
function unionOf(filters: readonly (EventFilter | undefined)[]): EventFilter | undefined {
  const types = new Set<string>();
  for (const filter of filters) {
    if (!filter || !("eventTypes" in filter)) return undefined;
    for (const type of filter.eventTypes) types.add(type);
  }
  return { eventTypes: [...types] };
}

const earliest = (positions: readonly (bigint | undefined)[]): bigint | undefined => {
  let first = positions[0];
  for (const position of positions) {
    if (position === undefined) return undefined;
    if (position < first!) first = position;
  }
  return first;
};
