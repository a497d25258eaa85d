/** That an aggregate has snapshots: how often, of which meaning, and what speaks against it. */

import { hash } from "node:crypto";
import type { Upcasters } from "../message/index.js";
import { methodsByType, type AnyClass, type DeclaredClass } from "../model/index.js";
import type { AggregateOptions, SnapshotOptions } from "./decorators.js";
import { stateText } from "./state-text.js";

export interface SnapshotDeclaration {
  readonly every: number;
  /** Digest of all that state follows from, as far as it can be seen: a snapshot of another one is left aside. */
  readonly definition: string;
}

/** Raise it when what a snapshot says, or how, changes. */
const format = 1;

const optionsOf = ({ role }: Pick<DeclaredClass, "role">) => (role.options as AggregateOptions).snapshot;

/** Whether an aggregate declares snapshots. */
export const hasSnapshots = (declared: Pick<DeclaredClass, "role">): boolean => optionsOf(declared) !== undefined;

/** `undefined` for an aggregate without snapshots. */
export function snapshotDeclaration(declared: DeclaredClass, upcasters: Upcasters): SnapshotDeclaration | undefined {
  const options = optionsOf(declared);
  if (!options) return undefined;
  const { type, role } = declared;
  const applied = [...methodsByType(type, "applies").values()].map(({ method, message }) => [
    message.type,
    upcasters.versionOf(message.type),
    upcasters.stepsOf(message.type).map(({ upcast }) => String(upcast)),
    sourceOf(message),
    String((type.prototype as Record<string, unknown>)[method]),
  ]);
  const content = [format, role.name, options.version, initialState(type), applied.toSorted(byType)];
  return { every: options.every ?? 100, definition: hash("sha256", JSON.stringify(content), "base64url") };
}

const byType = ([a]: readonly unknown[], [b]: readonly unknown[]) => (String(a) < String(b) ? -1 : 1);

const initialState = (type: DeclaredClass["type"]) => stateText(new (type as unknown as new () => object)());

/** A class and those that it extends. */
function sourceOf(type: AnyClass): string {
  const parent = Object.getPrototypeOf(type) as AnyClass;
  const source = Function.prototype.toString.call(type);
  return parent === Function.prototype ? source : source + sourceOf(parent);
}

/** What is wrong with the snapshots that an aggregate declares, each with its remedy. */
export function snapshotProblems(declared: Pick<DeclaredClass, "type" | "role">): string[] {
  const options: SnapshotOptions | undefined = optionsOf(declared);
  if (!options) return [];
  const { type } = declared;
  const { version, every = 100 } = options;
  const problems = Object.entries({ version, every }).flatMap(([name, value]) =>
    Number.isSafeInteger(value) && value >= 1
      ? []
      : [`${type.name} has snapshot.${name} ${String(value)}. Use a whole number from 1.`],
  );
  // JavaScript shows such fields to nobody, so a snapshot would leave them out. TypeScript's own `private` is no obstacle.
  if (/\.\s*#[\p{ID_Start}$_]|__classPrivateField/u.test(sourceOf(type)))
    problems.push(
      `${type.name} has snapshots, and fields named with #, which no snapshot can see. Declare them private instead.`,
    );
  const state = initialState(type);
  if (typeof state !== "string")
    problems.push(
      `${type.name} has snapshots, and its state does not survive JSON: ${state.place} is ${state.found}. Use plain objects, arrays, text, finite numbers, true, false and null; or take snapshot out of @Aggregate.`,
    );
  return problems;
}
