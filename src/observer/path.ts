/** Paths into an event, as declarations state them: `data.order.id`, `metadata.$causationId`, `stream.id`, `id`. */

import type { RecordedEvent } from "../message/index.js";

const streamParts: Readonly<Record<string, (event: RecordedEvent) => string | undefined>> = {
  name: ({ streamName }) => streamName,
  category: ({ category }) => category,
  // A name without a dash is a category, and has no id.
  id: ({ streamName, aggregateId }) => (streamName.includes("-") ? aggregateId : undefined),
};

/** What is wrong with a path, to follow its place; `undefined` when it is sound. */
export function pathProblem(path: unknown): string | undefined {
  const sound =
    typeof path === "string" &&
    (path === "id" || /^(data|metadata)(\.[^.]+)+$/.test(path) || /^stream\.(name|category|id)$/.test(path));
  return sound
    ? undefined
    : `is ${JSON.stringify(path)}, which is no path. Write "data.…", "metadata.…", "stream.name", "stream.category", "stream.id" or "id".`;
}

/** The JSON value at the path; `undefined` where there is none. Never throws: foreign events may hold anything. */
export function valueAt(event: RecordedEvent, data: unknown, path: string): unknown {
  if (path === "id") return event.id;
  const [root, ...members] = path.split(".");
  if (root === "stream") return streamParts[members[0]!]!(event);
  let value: unknown = root === "data" ? data : event.metadata;
  for (const member of members) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, member)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[member];
  }
  return value;
}

/** A value that names something: a text that is not empty, or a number. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" ? String(value) : undefined;
}
