/** A process that books on one account, whose snapshots it shares: `node booking-process.js LOG SNAPSHOTS COUNT`. */

import { CommandBus, openSqliteEventStore, openSqliteSnapshotStore } from "../../src/index.js";
import { book, ledger } from "./ledger.js";

const [log, file, count] = process.argv.slice(2) as [string, string, string];

const store = await openSqliteEventStore({ file: log });
const snapshots = await openSqliteSnapshotStore(file);
const onError = (error: unknown) => {
  throw error;
};
const bus = new CommandBus(ledger({ every: 3 }), store, { snapshots, onError, maxAttempts: 1_000 });
// Every process sends the same commands.
for (let i = 0; i < Number(count); i++) await bus.dispatch(book(i + 1), { commandId: `command-${i}` });
await bus.settled();
await snapshots.close();
await store.close();
