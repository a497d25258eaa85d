/** The first pass: checks the whole file and spills its events. */

import { stat } from "node:fs/promises";
import type { Addressing } from "./addressing.js";
import { Problems } from "./problems.js";
import type { Spill, SpilledTotals } from "./spill.js";
import { textOfFile, UnreadableText } from "./text-of-file.js";
import { XesReader, type Attributes, type XesEvent, type XesListener, type XesTrace } from "./xes-reader.js";

export interface ReadHistoryOptions {
  readonly file: string;
  readonly addressing: Addressing;
  /** Only events with one of these lifecycle transitions, in upper or lower case; all unless stated. */
  readonly lifecycle?: readonly string[] | undefined;
  /** No event may have a later time; milliseconds since the UNIX epoch. */
  readonly latest: number;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes: (done: number, total: number) => void;
}

export interface ReadHistory extends SpilledTotals {
  readonly logName: string | undefined;
  /** Events without a wanted lifecycle transition. */
  readonly leftOut: number;
}

/** @throws InvalidImport with every problem of the file, or the signal's reason. */
export async function readHistory(spill: Spill, options: ReadHistoryOptions): Promise<ReadHistory> {
  const { file, signal } = options;
  const problems = new Problems();
  const selection = new Selection(spill, problems, options);
  const reader = new XesReader(selection, problems);
  try {
    const { size } = await stat(file);
    for await (const text of textOfFile(file, (done) => options.onBytes(done, size))) {
      signal?.throwIfAborted();
      reader.write(text);
      if (reader.stopped) break;
    }
    reader.finish();
  } catch (error) {
    if (error instanceof UnreadableText) reader.stop(error.message);
    else if (error instanceof Error && "syscall" in error) problems.add(`cannot be read (${error.message})`);
    else throw error;
  }
  signal?.throwIfAborted();
  selection.check();
  problems.throwIfAny(file);
  return { ...spill.sort(), logName: reader.logName || undefined, leftOut: selection.leftOut };
}

const standardKeys: ReadonlyMap<string, string> = new Map([
  ["concept:name", "activity"],
  ["lifecycle:transition", "lifecycle"],
  ["org:resource", "resource"],
]);
const takenKeys: ReadonlySet<string> = new Set([...standardKeys.values(), "trace"]);

/** Decides about each event and trace, and hands over to the spill what is to be imported. */
class Selection implements XesListener {
  leftOut = 0;
  private readonly wanted: ReadonlySet<string> | undefined;
  private chosen = 0;
  private chosenOfTrace = 0;
  private lastAt = Number.NEGATIVE_INFINITY;
  private inOrder = true;

  constructor(
    private readonly spill: Spill,
    private readonly problems: Problems,
    private readonly options: Pick<ReadHistoryOptions, "addressing" | "lifecycle" | "latest">,
  ) {
    const { lifecycle = [] } = options;
    this.wanted = lifecycle.length > 0 ? new Set(lifecycle.map((transition) => transition.toLowerCase())) : undefined;
  }

  event(event: XesEvent, trace: XesTrace): void {
    const { attributes, index } = event;
    const found = (message: string) => this.problems.add(message, event.place, trace, index);
    const { "concept:name": activity, "time:timestamp": time, "lifecycle:transition": transition } = attributes;
    if (activity === undefined || activity === "") found("has no concept:name, expected the name of its activity");
    else if (typeof activity === "string") {
      const refused = this.options.addressing.refusedActivity(activity);
      if (refused) found(refused);
    }
    if (time === undefined) found("has no time:timestamp, expected when it happened");
    const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
    if (at > this.options.latest)
      found(
        `time:timestamp is ${JSON.stringify(time)}, which is in the future; expected at most ${new Date(this.options.latest).toISOString()}`,
      );
    if (this.wanted && !(typeof transition === "string" && this.wanted.has(transition.toLowerCase()))) {
      this.leftOut++;
      return;
    }
    this.chosen++;
    if (this.problems.total > 0 || typeof activity !== "string") return; // the spill will not be used
    if (at < this.lastAt) this.inOrder = false;
    this.lastAt = at;
    this.spill.addEvent(trace.number, index, at, this.chosenOfTrace++, activity, JSON.stringify(dataOf(attributes)));
  }

  traceEnd(trace: XesTrace): void {
    const { name, number, place } = trace;
    const { "concept:name": written, ...attributes } = trace.attributes;
    const refused = name ? this.options.addressing.refusedTrace(name) : undefined;
    if (written === undefined || written === "")
      this.problems.add("has no concept:name, expected a name for its stream", place, trace);
    else if (refused) this.problems.add(refused, place, trace);
    else if (name) {
      const json = Object.keys(attributes).length > 0 ? JSON.stringify(attributes) : null;
      const earlier = this.spill.addTrace({ number, name, events: this.chosenOfTrace }, place, json, this.inOrder);
      if (earlier !== undefined)
        this.problems.add(
          `its concept:name is that of the trace at line ${earlier} too, expected another`,
          place,
          trace,
        );
    }
    this.chosenOfTrace = 0;
    this.lastAt = Number.NEGATIVE_INFINITY;
    this.inOrder = true;
  }

  /** What can be said only at the end. */
  check(): void {
    if (this.wanted && this.chosen === 0 && this.leftOut > 0 && this.problems.total === 0)
      this.problems.add(
        `none of its ${this.leftOut} events has the lifecycle transition ${[...this.wanted].join(" or ")}`,
      );
  }
}

/** An event's attributes as the data of what is appended; its time goes into the metadata. */
function dataOf(attributes: Attributes): Attributes {
  const data = Object.create(null) as Attributes;
  for (const [key, standard] of standardKeys) if (attributes[key] !== undefined) data[standard] = attributes[key];
  for (const key in attributes)
    if (!standardKeys.has(key) && key !== "time:timestamp")
      data[takenKeys.has(key) ? `xes:${key}` : key] = attributes[key]!;
  return data;
}
