/** What must hold after a run under faults, whatever happened in it. */

import { expect } from "chai";
import { openSqliteEventStore } from "../../src/index.js";
import {
  entriesOf,
  expectFlagsOfOracle,
  expectRebuildChangesNothing,
  expectSoundLog,
  identityOf,
  isFact,
  type Entry,
} from "./evidence.js";
import {
  asked,
  entriesOfLedger,
  isCancelled,
  ledgerEntry,
  ledgers,
  ledgerType,
  orderIdOf,
  orders,
} from "./fault-clients.js";
import type { FaultRun } from "./fault-run.js";
import { orderSummaries } from "./order-summaries.js";
import { fateOf, quickCashTerms } from "./quick-application.js";

/** Returns the log. */
export async function expectWhole(run: FaultRun): Promise<readonly Entry[]> {
  const { onlooker, troubles, schedule, clients } = run;
  expect(troubles).to.deep.equal([]);
  expect(await onlooker.readModels.parked("reactor:request-payment")).to.deep.equal([]);
  const log = await entriesOf(onlooker.store);
  expectSoundLog(log);
  expectAcknowledged(run, log);
  expectFacts(run, log);
  expectLedgers(schedule.seed, log);
  expect(expectFlagsOfOracle(log, [quickCashTerms])).not.to.deep.equal([]);
  expect(await expectRebuildChangesNothing(onlooker, "order-summary")).to.deep.equal(orderSummaries(log));
  await expectRebuildChangesNothing(onlooker, "quick-cash");
  expectRead(run, log);
  // A store that waits long enough bridges everything by itself.
  if (schedule.temper === "patient")
    expect({ refusals: clients.refusals, retryings: run.retryings }).to.deep.equal({ refusals: 0, retryings: 0 });
  await run.stop();
  await expectOnDisk(run.file, log);
  expect(troubles).to.deep.equal([]);
  return log;
}

/** What was acknowledged is there, where it was said to be. */
function expectAcknowledged({ clients }: FaultRun, log: readonly Entry[]): void {
  expect(clients.acknowledged).to.have.length(asked);
  const facts = new Map(log.filter(isFact).map((entry) => [entry.commandId, entry]));
  expect(
    clients.acknowledged.map(({ id }) => id).filter((id) => !facts.has(id)),
    "lost",
  ).to.deep.equal([]);
  const found = clients.acknowledged.map(({ id, revision }) => {
    const { stream: streamName, position, revision: recorded } = facts.get(id)!;
    return { id, streamName, position: BigInt(position), revision: revision === undefined ? undefined : recorded };
  });
  expect(found).to.deep.equal(
    clients.acknowledged.map(({ id, streamName, position, revision }) => ({ id, streamName, position, revision })),
  );
}

/** All that had to happen to the orders did, and once; the provider was asked with one key for each. */
function expectFacts({ schedule, keys }: FaultRun, log: readonly Entry[]): void {
  const ids = Array.from({ length: orders }, (_, i) => orderIdOf(schedule.seed, i));
  const expected = ids.flatMap((id, i) => {
    const { captures, refused } = fateOf(id);
    return [
      `order-${id}: ordering.OrderPlaced`,
      ...(isCancelled(i) ? [`order-${id}: ordering.OrderCancelled`] : []),
      ...(refused ? [`payment-${id}: billing.PaymentRefused`] : []),
      ...Array.from({ length: captures }, () => `payment-${id}: billing.PaymentTaken`),
    ];
  });
  const found = log.filter((entry) => isFact(entry) && entry.type !== ledgerType);
  expect(found.map(({ stream, type }) => `${stream}: ${type}`).toSorted()).to.deep.equal(expected.toSorted());
  expect([...keys].map(([orderId, { size }]) => [orderId, size]).toSorted()).to.deep.equal(
    ids.map((id) => [id, 1]).toSorted(),
  );
}

function expectLedgers(seed: number, log: readonly Entry[]): void {
  for (let number = 0; number < ledgers; number++) {
    const expected = Array.from({ length: entriesOfLedger }, (_, i) => ledgerEntry(seed, number, i));
    const { streamName } = expected[0]!;
    const found = log.filter(({ stream }) => stream === streamName);
    expect(found.map(({ id, revision, data }) => ({ id, streamName, revision, data }))).to.deep.equal(expected);
  }
}

/** Every reader was given what it asked for: all of it, in order, once. */
function expectRead({ readers }: FaultRun, log: readonly Entry[]): void {
  const place = ({ id, position }: { readonly id: string; readonly position: number | bigint }) =>
    `${Number(position)} ${id}`;
  const [all, ofLedgers] = readers.map(({ seen }) =>
    seen.filter(({ streamName, type }) => !streamName.startsWith("$") && type !== "store.Identified").map(place),
  );
  // A tick may have come after the log was read.
  expect(all!.slice(0, log.length)).to.deep.equal(log.map(place));
  expect(ofLedgers).to.deep.equal(log.filter(({ type }) => type === ledgerType).map(place));
}

/** The file holds what the server said that it does, although it was killed. */
async function expectOnDisk(file: string, log: readonly Entry[]): Promise<void> {
  const store = await openSqliteEventStore({ file });
  try {
    const found = await entriesOf(store);
    expect(found.slice(0, log.length).map(identityOf)).to.deep.equal(log.map(identityOf));
    expect(found.slice(log.length).filter(isFact)).to.deep.equal([]);
  } finally {
    await store.close();
  }
}
