/** What the system projections should have written for a log: computed the simple way, all at once and from the outside. */

import type { LogRecord } from "../../../tools/eventstore/record-log.js";
import { text } from "./records.js";

const isLinks = /^[$](ce-|et-|bc-|category-|streams$)/;

/** The data of the links in each stream, in order. */
export type Links = ReadonlyMap<string, readonly string[]>;

export function expectedLinks(records: readonly LogRecord[]): Links {
  const links = new Map<string, string[]>();
  const add = (streamName: string, target: string) => links.set(streamName, [...(links.get(streamName) ?? []), target]);
  for (const record of records) {
    const { streamName, revision, type } = record;
    const [isMeta, subject] = streamName.startsWith("$$") ? [true, streamName.slice(2)] : [false, streamName];
    if (subject.startsWith("$")) continue;
    const data = text(record.data);
    const isDeletion = type === "$streamDeleted" || (isMeta && /"[$]tb":9223372036854775807/.test(data));
    const here = `${revision}@${streamName}`;
    const target = type === "$>" ? data : here;
    const category = /^([^-]+)-/.exec(subject)?.[1];
    if (category !== undefined && (!isMeta || isDeletion)) add(`$ce-${category}`, target);
    if (category !== undefined && !isMeta && revision === 0n) add(`$category-${category}`, streamName);
    if (type !== "$>") add(`$et-${isDeletion ? "$deleted" : type}`, `${revision}@${subject}`);
    const correlation = /"[$]correlationId":"(.*?)"/.exec(text(record.metadata))?.[1];
    if (correlation !== undefined) add(`$bc-${correlation}`, target);
    if (revision === 0n) add("$streams", here);
  }
  return links;
}

export function writtenLinks(records: readonly LogRecord[]): Links {
  const links = new Map<string, string[]>();
  for (const { streamName, data } of records)
    if (isLinks.test(streamName)) links.set(streamName, [...(links.get(streamName) ?? []), text(data)]);
  return links;
}
