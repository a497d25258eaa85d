/** What is left after a run, read back from the stores: the log, the flags, the rows; and what must hold for them. */

import { expect } from "chai";
import {
  definedType,
  tickType,
  type EventStore,
  type FlagData,
  type ReadModelStore,
  type Rollcall,
} from "../../src/index.js";
import { flagRecordOf } from "../observer/feed.js";
import { expectedFlags } from "../oracle/oracle.js";
import type { FlagRecord, LogRecord, SlotTerms } from "../oracle/records.js";

/** One event of the log, of use also when its store is closed. */
export interface Entry {
  readonly id: string;
  readonly type: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: number;
  readonly recordedAtMs: number;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly commandId: string | undefined;
  readonly data: unknown;
}

export async function entriesOf(store: EventStore): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const page of store.readLog())
    for (const event of page) {
      const {
        id,
        type,
        streamName: stream,
        revision,
        recordedAtMs,
        correlationId,
        causationId,
        commandId,
        data,
      } = event;
      // What an EventStoreDB writes itself, and who it is, are no part of the history.
      if (stream.startsWith("$") || type === "store.Identified") continue;
      const position = Number(event.position);
      entries.push({ id, type, stream, revision, position, recordedAtMs, correlationId, causationId, commandId, data });
    }
  return entries;
}

export const isFlag = ({ stream }: Entry): boolean => stream.startsWith(`rollcall.flags-`);
export const isFact = (entry: Entry): boolean =>
  !isFlag(entry) && entry.type !== tickType && entry.type !== definedType;

/** Which flag it is and where it is recorded: the same in every run of the same history. */
export const identityOf = ({ id, type, stream, revision }: Entry) => ({ id, type, stream, revision });

/** Text that two flags share only when they say the same. */
const saying = (flag: FlagRecord) => JSON.stringify(Object.entries(flag).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The flags in the log are those that the oracle derives from the rest of it: none false, none missed, none doubled. */
export function expectFlagsOfOracle(log: readonly Entry[], slots: readonly SlotTerms[]): FlagRecord[] {
  const flags = log.filter(isFlag);
  const records = flags.map(({ type, data }) => flagRecordOf(type, data as FlagData));
  const found = records.map(saying);
  const said = new Set(found);
  const expected = new Set(expectedFlags(log.map(logRecordOf), slots).map(saying));
  expect({
    false: found.filter((flag) => !expected.has(flag)),
    missed: [...expected].filter((flag) => !said.has(flag)),
    doubled: repeated(found),
  }).to.deep.equal({ false: [], missed: [], doubled: [] });
  for (const [i, { stream, revision, correlationId, position }] of flags.entries()) {
    const { case: name, sequence } = records[i]!;
    expect({ revision, correlationId }, `flag at ${position}`).to.deep.equal({
      revision: BigInt(sequence),
      correlationId: name,
    });
    expect(stream, `flag at ${position}`).to.match(new RegExp(`^rollcall.flags-.*-[0-9a-f]{12}-${name}$`));
  }
  return records;
}

const logRecordOf = ({ id, type, correlationId, position, recordedAtMs }: Entry): LogRecord => ({
  id,
  type,
  correlationId,
  position,
  recordedAtMs,
});

/** Every event is there once, in streams without a gap; those of one command are in one stream, one after the other. */
export function expectSoundLog(log: readonly Entry[]): void {
  expect(repeated(log.map(({ id }) => id)), "ids recorded more than once").to.deep.equal([]);
  const lastOf = new Map<string, bigint>();
  for (const { stream, revision, position } of log) {
    expect(revision, `${stream} at ${position}`).to.equal((lastOf.get(stream) ?? -1n) + 1n);
    lastOf.set(stream, revision);
  }
  const ofCommand = new Map<string | undefined, Entry[]>();
  for (const entry of log.filter(isFact))
    ofCommand.set(entry.commandId, [...(ofCommand.get(entry.commandId) ?? []), entry]);
  for (const [commandId, entries] of ofCommand) {
    const [first] = entries as [Entry];
    expect(
      entries.map(({ stream, revision }) => [stream, revision]),
      `command ${commandId}`,
    ).to.deep.equal(entries.map((_, i) => [first.stream, first.revision + BigInt(i)]));
  }
}

export const repeated = <T>(values: readonly T[]): T[] => {
  const seen = new Set<T>();
  return values.filter((value) => seen.has(value) || !seen.add(value));
};

const activeOf = async (readModels: ReadModelStore, name: string) =>
  (await readModels.generations()).findLast((each) => each.name === name && each.state === "active");

/** Every row of the generation that serves. */
export async function rowsOf(readModels: ReadModelStore, name: string): Promise<Record<string, object>> {
  const rows: Record<string, object> = {};
  const generation = await activeOf(readModels, name);
  expect(generation, `active generation of ${name}`).not.to.equal(undefined);
  for await (const page of readModels.allRows(generation!)) for (const { key, row } of page) rows[key] = row;
  return rows;
}

/** A rebuild from the log gives the rows that are served, and records nothing. Returns the rows. */
export async function expectRebuildChangesNothing(rollcall: Rollcall, name: string): Promise<Record<string, object>> {
  const { store, readModels } = rollcall;
  const [served, head] = [await rowsOf(readModels, name), await store.head()];
  const before = await activeOf(readModels, name);
  const { activated } = await rollcall.rebuild(name);
  expect(activated).to.equal(true);
  expect((await activeOf(readModels, name))!.id).to.be.greaterThan(before!.id);
  expect(await rowsOf(readModels, name)).to.deep.equal(served);
  expect(await store.head(), `head of the log after the rebuild of ${name}`).to.equal(head);
  return served;
}
