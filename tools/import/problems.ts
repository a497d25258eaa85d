/** What is wrong with a file, each with its place: the first hundred in words, all of them counted. */

import { InvalidImport } from "../../src/errors.js";

/** A point in the file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The part of a trace that a place is named by; its name may become known after the problem. */
export interface NamedTrace {
  /** Order in the file, from 0. */
  readonly number: number;
  readonly name: string | undefined;
}

interface Problem {
  readonly message: string;
  readonly place: Place | undefined;
  readonly trace: NamedTrace | undefined;
  /** Order in the trace, from 0. */
  readonly event: number | undefined;
}

const longestList = 100;

export class Problems {
  private readonly listed: Problem[] = [];
  private found = 0;

  get total(): number {
    return this.found;
  }

  add(message: string, place?: Place, trace?: NamedTrace, event?: number): void {
    this.found++;
    if (this.listed.length < longestList) this.listed.push({ message, place, trace, event });
  }

  /** @throws InvalidImport when there is any. */
  throwIfAny(file: string): void {
    if (this.found > 0) throw new InvalidImport(file, this.listed.map(inWords), this.found);
  }
}

function inWords({ message, place, trace, event }: Problem): string {
  const where = [
    place && `${place.line}:${place.column}`,
    trace && (trace.name ? `trace ${JSON.stringify(trace.name)}` : `trace no. ${trace.number}`),
    event !== undefined && `event ${event}`,
  ].filter(Boolean);
  return where.length > 0 ? `${where.join(", ")}: ${message}` : message;
}
