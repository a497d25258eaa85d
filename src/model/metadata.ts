/**
 * What decorators write down. They only record; nothing is checked until the
 * application is built, when the whole model can be judged at once.
 */

import type { CommandClass, EventClass } from "../message/index.js";

export type RoleKind = "aggregate" | "reactor" | "projection" | "observer";
export type Verb = "handles" | "applies" | "reactsTo" | "projects";
export type MessageClass = CommandClass | EventClass;
export type AnyClass = abstract new (...args: never[]) => object;

/** The options that every class decorator takes. */
export interface RoleOptions {
  readonly name: string;
  /** From 1; raise it when the meaning changes. */
  readonly version?: number;
}

export interface Role {
  readonly kind: RoleKind;
  readonly name: string;
  readonly version: number;
  /** All that was declared, for the folder that owns the decorator. */
  readonly options: RoleOptions;
}

export interface MethodUse {
  readonly method: string;
  readonly verb: Verb;
  readonly message: MessageClass;
  /** What the decorator was told besides. */
  readonly options?: unknown;
}

interface ClassMetadata {
  role?: Role;
  readonly uses: MethodUse[];
}

// Keyed by class, never by name: two classes may share a name, and a class
// that is no longer referenced takes its metadata with it.
const metadata = new WeakMap<object, ClassMetadata>();

function own(target: object): ClassMetadata {
  let found = metadata.get(target);
  if (!found) metadata.set(target, (found = { uses: [] }));
  return found;
}

export const recordRole = (target: AnyClass, kind: RoleKind, options: RoleOptions): void => {
  own(target).role = { kind, name: options.name, version: options.version ?? 1, options };
};

export const recordUse = (
  prototype: object,
  method: string,
  verb: Verb,
  message: MessageClass,
  options?: unknown,
): void => {
  own(prototype.constructor).uses.push({ method, verb, message, ...(options !== undefined && { options }) });
};

/** The role of a class, its own: a role is not inherited. */
export const roleOf = (target: AnyClass): Role | undefined => metadata.get(target)?.role;

/** Every decorated method of a class, those of its ancestors included unless it overrides them. */
export function usesOf(target: AnyClass): readonly MethodUse[] {
  const uses: MethodUse[] = [];
  const overridden = new Set<string>();
  for (let type: object | null = target; type && type !== Function.prototype; type = Object.getPrototypeOf(type)) {
    const found = metadata.get(type)?.uses ?? [];
    uses.push(...found.filter(({ method }) => !overridden.has(method)));
    for (const { method } of found) overridden.add(method);
  }
  return uses;
}

/** The methods of a class by the type of their message. The model's check has made sure that there is one each. */
export function methodsByType(target: AnyClass, verb: Verb): ReadonlyMap<string, MethodUse> {
  return new Map(usesOf(target).flatMap((use) => (use.verb === verb ? [[use.message.type, use]] : [])));
}
