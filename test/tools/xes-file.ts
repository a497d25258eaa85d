/** Makes small XES files to import, and reads back what a store holds. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventStore } from "../../src/store/index.js";

export interface TemporaryFolder {
  readonly path: string;
  /** Returns the path of the file. */
  write(name: string, content: string | Uint8Array): string;
  /** Makes a folder inside of it. */
  folder(name: string): void;
  remove(): void;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "rollcall-import-test-"));
  return {
    path,
    write: (name, content) => {
      writeFileSync(join(path, name), content);
      return join(path, name);
    },
    folder: (name) => mkdirSync(join(path, name)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** `[activity, time]`, and the lifecycle transition where it matters. */
export type WrittenEvent = readonly [activity: string, time: string, transition?: string];

export const event = ([activity, time, transition = "complete"]: WrittenEvent): string => `
    <event>
      <string key="concept:name" value="${activity}"/>
      <string key="lifecycle:transition" value="${transition}"/>
      <date key="time:timestamp" value="${time}"/>
    </event>`;

export const trace = (name: string, ...events: WrittenEvent[]): string => `
  <trace>
    <string key="concept:name" value="${name}"/>${events.map(event).join("")}
  </trace>`;

export const log = (...content: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <string key="concept:name" value="loans"/>${content.join("")}
</log>
`;

/** Traces that overlap in time, some of them not in order, with equal times among them; the same for the same seed. */
export function overlappingTraces(seed: number, traces: number, eventsEach: number): string {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const at = () => new Date(Date.UTC(2020, 0, 1) + random(traces * eventsEach) * 500).toISOString();
  return log(
    ...Array.from({ length: traces }, (_, t) =>
      trace(`t${t}`, ...Array.from({ length: eventsEach }, (__, e): WrittenEvent => [`A${e % 5}`, at()])),
    ),
  );
}

/** All of the log in order, with everything that an import decides. */
export async function contentOf(store: EventStore) {
  const content: { stream: string; revision: bigint; type: string; id: string; data: unknown; metadata: unknown }[] =
    [];
  for await (const page of store.readLog())
    for (const { streamName: stream, revision, type, id, data, metadata } of page)
      content.push({ stream, revision, type, id, data, metadata });
  return content;
}
