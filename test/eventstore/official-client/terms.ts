/** What the chapters on the official client have in common: streams, events, and the ways to look at what came back. */

import {
  binaryEvent,
  jsonEvent,
  type AllStreamResolvedEvent,
  type BinaryEventData,
  type EventData,
  type EventStoreDBClient,
  type JSONEventData,
  type ResolvedEvent,
} from "@eventstore/db-client";
import { expect } from "chai";
import { randomUUID } from "node:crypto";

/** A stream that no other test knows; `category` is what stands before its first dash. */
export const newStream = (category = "stream"): string => `${category}-${randomUUID()}`;

/** Events that differ in their `data.index`, from 0. */
export const jsonEvents = (count: number, type = "test.Happened"): JSONEventData[] =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));

export const oneEvent = (type = "test.Happened"): JSONEventData => jsonEvent({ type, data: { index: 0 } });

/** The event that a projection writes when it links: the target stands in its data. */
export const linkTo = (stream: string, revision: number): BinaryEventData =>
  binaryEvent({ type: "$>", data: Buffer.from(`${revision}@${stream}`) });

/**
 * The client sends appends in two ways. Without credentials of its own a call goes over one stream of batches that all
 * share; with them it is a call for itself, also where the connection is insecure and no credentials are sent.
 */
export const waysToAppend = [
  { way: "BatchAppend", options: {} },
  { way: "Append", options: { credentials: { username: "admin", password: "changeit" } } },
] as const;

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error with which `doing` fails; fails itself when that is of another type, or when there is none. */
export async function rejected<E extends Error>(
  type: abstract new (...args: never[]) => E,
  doing: Promise<unknown>,
): Promise<E> {
  const outcome: unknown = await doing.then(
    () => "no error at all",
    (error: unknown) => error,
  );
  expect(outcome, `instead of ${type.name}`).to.be.instanceOf(type);
  return outcome as E;
}

type Resolved = ResolvedEvent | AllStreamResolvedEvent;

export const idsOf = (events: readonly (Resolved | EventData)[]): (string | undefined)[] =>
  events.map((each) => ("id" in each ? each.id : each.event?.id));

export const revisionsOf = (events: readonly Resolved[]): (bigint | undefined)[] =>
  events.map(({ event }) => event?.revision);

export const typesOf = (events: readonly Resolved[]): (string | undefined)[] => events.map(({ event }) => event?.type);

/** Those that a client appended, and not the server itself. */
export const usersOwn = <E extends Resolved>(events: readonly E[]): E[] =>
  events.filter(({ event, link }) => !(link ?? event)?.type.startsWith("$"));

/** A new stream that holds so many events. */
export async function newStreamOf(client: EventStoreDBClient, count: number): Promise<string> {
  const stream = newStream();
  await client.appendToStream(stream, jsonEvents(count));
  return stream;
}
