/** What every event store promises: one suite of mocha cases, run against each implementation of the port. */

import type { EventStore } from "../store/event-store.js";
import { appendingCases } from "./store-contract/appending.js";
import { closingCases } from "./store-contract/closing.js";
import { contentCases } from "./store-contract/content.js";
import { ContractFixture } from "./store-contract/fixture.js";
import { readingCases } from "./store-contract/reading.js";
import { retryCases } from "./store-contract/retries.js";
import { subscribingCases } from "./store-contract/subscribing.js";

/** A store to test. Others may have written to its log before, and may do so meanwhile. */
export interface OpenedStore {
  readonly store: EventStore;
  /** Opens the same log once more, after `store` was closed; absent where a log does not outlive its store. */
  readonly reopen?: () => Promise<EventStore>;
  /** Releases everything; the store may be closed already. */
  close(): Promise<void>;
}

/**
 * Defines the cases; call it where mocha's globals are. `open` is called before each case. The cases assume nothing
 * of positions but that they grow, and nothing of time but that an answer comes within some seconds.
 */
export function eventStoreContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} keeps the contract of an event store`, () => {
    let opened: OpenedStore | undefined;
    let fixture: ContractFixture;
    beforeEach(async () => {
      opened = await open();
      fixture = new ContractFixture(opened.store, opened.reopen);
    });
    afterEach(() => opened?.close());

    const cases = { appending: appendingCases, retrying: retryCases, content: contentCases, reading: readingCases };
    for (const [title, define] of Object.entries({ ...cases, subscribing: subscribingCases, closing: closingCases }))
      describe(title, () => define(() => fixture));
  });
}
