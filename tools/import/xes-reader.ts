/** Reads XES (IEEE 1849) as it streams in: traces and events with typed attributes, everything else passed over. */

import { SaxesParser, type SaxesTagNS } from "saxes";
import { isSimpleType, parseValue, simpleTypes, type Json } from "./attribute-value.js";
import type { NamedTrace, Place, Problems } from "./problems.js";

export type Attributes = Record<string, Json>;

export interface XesTrace extends NamedTrace {
  name: string | undefined;
  readonly place: Place;
  /** `concept:name` among them. Complete once the trace ends. */
  readonly attributes: Attributes;
  /** Events so far. */
  events: number;
}

export interface XesEvent {
  /** Order in the trace, from 0. */
  readonly index: number;
  readonly place: Place;
  readonly attributes: Attributes;
}

export interface XesListener {
  event(event: XesEvent, trace: XesTrace): void;
  /** Called after the events of the trace. */
  traceEnd(trace: XesTrace): void;
}

/** What an open element collects; neither of the two when its content is passed over. */
interface Frame {
  readonly kind: "log" | "trace" | "event" | "container" | "list" | "simple";
  readonly values?: Attributes;
  readonly items?: Json[];
}

/** The types that the standard gives to the attributes that an import depends on. */
const requiredTypes: ReadonlyMap<string, string> = new Map([
  ["concept:name", "string"],
  ["time:timestamp", "date"],
]);

const headerElements = new Set(["extension", "global", "classifier"]);

/**
 * Elements of other namespaces than the log's are passed over. A `container` becomes an object, a `list` an array of
 * objects of one key each (keys may repeat there); attributes nested in a simple one are checked and left out.
 */
export class XesReader {
  /** The log's `concept:name`. */
  logName: string | undefined;
  /** True once the rest cannot be made sense of. */
  stopped = false;
  private readonly parser = new SaxesParser({ xmlns: true, position: true });
  private readonly frames: Frame[] = [];
  /** Open elements inside of one that is passed over, itself included. */
  private passedOver = 0;
  private namespace = "";
  private traces = 0;
  private trace: XesTrace | undefined;
  private event: XesEvent | undefined;
  private line = 1;
  private column = 1;

  constructor(
    private readonly listener: XesListener,
    private readonly problems: Problems,
  ) {
    this.parser.on("error", (error) => this.stop(`is not well-formed XML: ${error.message.replace(/^\d+:\d+: /, "")}`));
    // Only here is the position near the element's beginning; it is remembered, since few elements need it.
    this.parser.on("opentagstart", ({ name }) => {
      this.line = this.parser.line;
      this.column = Math.max(1, this.parser.column - name.length - 1);
    });
    this.parser.on("opentag", (tag) => {
      if (this.stopped) return;
      if (this.passedOver > 0) this.passedOver++;
      else this.open(tag);
    });
    this.parser.on("closetag", () => {
      if (this.stopped) return;
      if (this.passedOver > 0) this.passedOver--;
      else this.close();
    });
  }

  /** Where the text that was read ends. */
  get end(): Place {
    return { line: this.parser.line, column: this.parser.column + 1 };
  }

  write(text: string): void {
    if (!this.stopped) this.parser.write(text);
  }

  finish(): void {
    if (!this.stopped) this.parser.close();
  }

  /** Names the place that was reached, and reads no further. */
  stop(message: string): void {
    if (this.stopped) return;
    this.problems.add(message, this.end, this.trace, this.event?.index);
    this.stopped = true;
  }

  private open(tag: SaxesTagNS): void {
    const parent = this.frames.at(-1);
    if (!parent) return this.openLog(tag);
    if (tag.uri !== this.namespace) return this.passOver();
    const element = tag.local;
    if (element === "trace" || element === "event") return this.openTraceOrEvent(element, parent);
    if (parent.kind === "log" && headerElements.has(element)) return this.passOver();
    // XES 2 wraps the items of a list into <values>.
    if (parent.kind === "list" && element === "values") return void this.frames.push(parent);
    this.openAttribute(element, tag, parent);
  }

  private openLog(tag: SaxesTagNS): void {
    if (tag.local !== "log") return this.stop(`is not XES: the outermost element is <${tag.name}>, expected <log>`);
    this.namespace = tag.uri;
    this.frames.push({ kind: "log", values: noAttributes() });
  }

  private openTraceOrEvent(element: "trace" | "event", parent: Frame): void {
    const place = this.place();
    if (element === "trace" && parent.kind === "log") {
      this.trace = { number: this.traces++, name: undefined, place, attributes: noAttributes(), events: 0 };
      this.frames.push({ kind: "trace", values: this.trace.attributes });
    } else if (element === "event" && parent.kind === "trace" && this.trace) {
      this.event = { index: this.trace.events++, place, attributes: noAttributes() };
      this.frames.push({ kind: "event", values: this.event.attributes });
    } else {
      const belongs = element === "trace" ? "the log" : "a trace, which gives it its stream";
      this.found(`<${element}> is inside of ${inWords(parent)}, expected in ${belongs}`);
      this.passOver();
    }
  }

  private openAttribute(element: string, tag: SaxesTagNS, parent: Frame): void {
    const key = tag.attributes["key"]?.value;
    const text = tag.attributes["value"]?.value;
    if (!isSimpleType(element) && element !== "list" && element !== "container") {
      this.found(
        `<${element}> is no attribute type of XES, expected ${Object.keys(simpleTypes).join(", ")}, list or container`,
      );
      return this.passOver();
    }
    if (!key) {
      this.found(`<${element}> has no key`);
      return this.passOver();
    }
    const required = requiredTypes.get(key);
    if (required && element !== required && (parent.kind === "trace" || parent.kind === "event"))
      this.found(`${key} is a ${element}, expected a ${required}`);
    if (!isSimpleType(element)) {
      const frame: Frame =
        element === "list" ? { kind: element, items: [] } : { kind: element, values: noAttributes() };
      this.keep(parent, key, frame.items ?? frame.values ?? null);
      this.frames.push(frame);
      return;
    }
    const value = text === undefined ? undefined : parseValue(element, text);
    if (value === undefined)
      this.found(
        text === undefined
          ? `${key} has no value`
          : `${key} is ${JSON.stringify(text.slice(0, 80))}, expected ${simpleTypes[element]}`,
      );
    this.keep(parent, key, value ?? null);
    // The statistics in a log's header may be huge and are nobody's events.
    if (parent.kind === "log") this.passOver();
    else this.frames.push({ kind: "simple" });
  }

  private keep(parent: Frame, key: string, value: Json): void {
    if (parent.items) parent.items.push({ [key]: value });
    if (!parent.values) return;
    if (key in parent.values) this.found(`has two attributes ${key}, expected one`);
    else if (parent.kind !== "log" || key === "concept:name") parent.values[key] = value;
    if (key !== "concept:name" || typeof value !== "string") return;
    if (parent.kind === "log") this.logName = value;
    if (parent.kind === "trace" && this.trace) this.trace.name = value;
  }

  private close(): void {
    const { kind } = this.frames.pop()!;
    if (kind === "event" && this.event && this.trace) {
      this.listener.event(this.event, this.trace);
      this.event = undefined;
    } else if (kind === "trace" && this.trace) {
      this.listener.traceEnd(this.trace);
      this.trace = undefined;
    }
  }

  private passOver(): void {
    this.passedOver = 1;
  }

  private found(message: string): void {
    this.problems.add(message, this.place(), this.trace, this.event?.index);
  }

  private place(): Place {
    return { line: this.line, column: this.column };
  }
}

// Without a prototype, so that an attribute named __proto__ is one like any other.
const noAttributes = (): Attributes => Object.create(null) as Attributes;

const inWords = ({ kind }: Frame) =>
  kind === "log" ? "the log" : `a ${kind === "simple" ? "simple attribute" : kind}`;
