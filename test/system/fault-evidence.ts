/** What must hold after a run under faults, whatever happened in it; and which of its faults were felt. */

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
import { asked, entriesOfLedger, isCancelled, ledgerEntry, ledgers, ledgerType, orderIdOf, orders } from "./fault-clients.js";
import type { FaultRun, Strike } from "./fault-run.js";
import { endsConnections } from "./fault-schedule.js";
import { sendingsOf } from "./fault-wire.js";
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
  const found = clients.acknowledged.map(({ id, revision }) => {
    const entry = facts.get(id);
    return (
      entry && {
        ...{ id, streamName: entry.stream, position: BigInt(entry.position) },
        revision: revision === undefined ? undefined : entry.revision,
      }
    );
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

/** What a run has shown of the faults in it. */
export interface Felt {
  readonly strike: Strike;
  /** It did something to those under it. */
  readonly felt: boolean;
  /** The line was given up for another one while it was silent, and not broken. */
  readonly givenUp: boolean;
}

/** Which faults were felt. */
export function feltIn({ strikes, connectionsTaken, clients }: FaultRun): Felt[] {
  return strikes.map((strike) => {
    const { fault, beganAt, endedAt, open, taken, takenByItsEnd, underWay, slowed } = strike;
    const { kind, amount } = fault;
    const during = clients.acknowledged.filter((each) => each.askedAt < endedAt && each.acknowledgedAt > beganAt);
    const tookMs = ({ askedAt, acknowledgedAt }: (typeof during)[number]) => acknowledgedAt - Math.max(askedAt, beganAt);
    const felt = (): boolean => {
      switch (kind) {
        case "kill":
        case "cut":
        case "half-close":
          return open > 0 && connectionsTaken > taken;
        case "stall":
          return underWay > 0 && during.some(({ acknowledgedAt }) => acknowledgedAt >= endedAt);
        case "delay":
          return during.some((each) => each.askedAt >= beganAt && tookMs(each) >= amount);
        case "throttle":
          return during.some((each) => each.bytes > amount / 20 && tookMs(each) >= (500 * each.bytes) / amount);
        default:
          return slowed > 0;
      }
    };
    const isAlone = strikes.every(
      (other) =>
        other === strike ||
        !endsConnections(other.fault) ||
        other.beganAt > endedAt ||
        other.endedAt < beganAt - 1_000,
    );
    return { strike, felt: felt(), givenUp: kind === "stall" && isAlone && takenByItsEnd > taken };
  });
}

/** Facts that went to the server more than once; and those of them that it had recorded before the last time. */
export function resentIn(log: readonly Entry[]): { readonly resent: number; readonly recordedBefore: number } {
  // Not flags: a rebuild sends those again.
  const again = log.filter((entry) => isFact(entry) && sendingsOf(entry.id).length > 1);
  const before = again.filter(({ id, recordedAtMs }) => recordedAtMs < sendingsOf(id).at(-1)!);
  return { resent: again.length, recordedBefore: before.length };
}
