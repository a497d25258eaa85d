/** The model of an application: everything that decorators and registrations declare, checked as a whole, once. */

import { InvalidModel } from "../errors.js";
import { Upcasters, type CommandClass, type EventClass, type Upcaster } from "../message/index.js";
import { roleOf, usesOf, type AnyClass, type MethodUse, type Role, type RoleKind, type Verb } from "./metadata.js";

/** The classes of an application and the upcasters of its events. */
export interface Declarations {
  readonly aggregates: readonly AnyClass[];
  readonly reactors: readonly AnyClass[];
  readonly projections: readonly AnyClass[];
  readonly observers: readonly AnyClass[];
  readonly upcasters: readonly Upcaster[];
}

export interface DeclaredClass {
  readonly type: AnyClass;
  readonly role: Role;
  readonly uses: readonly MethodUse[];
}

export interface Model {
  readonly aggregates: readonly DeclaredClass[];
  readonly reactors: readonly DeclaredClass[];
  readonly projections: readonly DeclaredClass[];
  readonly observers: readonly DeclaredClass[];
  readonly upcasters: Upcasters;
  /** Command classes by type name. */
  readonly commands: ReadonlyMap<string, CommandClass>;
}

const article: Record<RoleKind, string> = {
  aggregate: "an @Aggregate",
  reactor: "a @Reactor",
  projection: "a @Projection",
  observer: "an @Observer",
};
const verbs: Record<RoleKind, readonly Verb[]> = {
  aggregate: ["handles", "applies"],
  reactor: ["reactsTo"],
  projection: ["projects"],
  observer: [],
};
const decorator: Record<Verb, string> = {
  handles: "@Handles",
  applies: "@Applies",
  reactsTo: "@ReactsTo",
  projects: "@Projects",
};

/**
 * Checks what types cannot see: a forgotten decorator, a command with two handlers, a name used twice, a gap between
 * versions. `extraProblems` are those that other folders found in what they own.
 * @throws InvalidModel with every problem and its remedy.
 */
export function buildModel(declarations: Declarations, extraProblems: readonly string[] = []): Model {
  const problems: string[] = [...extraProblems];
  const declared = (kind: RoleKind, classes: readonly AnyClass[]): DeclaredClass[] =>
    classes.flatMap((type) => {
      const role = roleOf(type);
      const uses = usesOf(type);
      if (role?.kind === kind) return [{ type, role, uses }];
      const found = role ? `is ${article[role.kind]}` : "has no role";
      problems.push(
        `${type.name} ${found}, but is registered as ${article[kind]}. Decorate it so, or register it as what it is.`,
      );
      return [];
    });

  const model = {
    aggregates: declared("aggregate", declarations.aggregates),
    reactors: declared("reactor", declarations.reactors),
    projections: declared("projection", declarations.projections),
    observers: declared("observer", declarations.observers),
  };
  const classes = Object.values(model).flat();
  checkNames(classes, problems);
  for (const each of classes) checkMethods(each, problems);
  checkOwners(model.aggregates, problems);

  const events = classes.flatMap(({ uses }) =>
    uses.filter(({ verb }) => verb !== "handles").map(({ message }) => message),
  );
  const upcasters = new Upcasters(declarations.upcasters, [...new Set(events)] as EventClass[]);
  problems.push(...upcasters.problems);
  if (problems.length > 0) throw new InvalidModel(problems);

  const commands = new Map(
    model.aggregates.flatMap(({ uses }) =>
      uses.flatMap(({ verb, message }) =>
        verb === "handles" ? [[message.type, message as CommandClass] as const] : [],
      ),
    ),
  );
  return { ...model, upcasters, commands };
}

/** Projections and observers share one space of names, since both are read models. */
const nameSpace = (kind: RoleKind) => (kind === "observer" || kind === "projection" ? "read model" : kind);

function checkNames(classes: readonly DeclaredClass[], problems: string[]): void {
  const owners = new Map<string, AnyClass>();
  for (const { type, role } of classes) {
    // A category ends at the first dash of a stream name.
    const pattern = role.kind === "aggregate" ? /^[a-zA-Z][\w.]*$/ : /^[a-z][a-z0-9-]*$/;
    if (!pattern.test(role.name))
      problems.push(
        role.kind === "aggregate"
          ? `${type.name} is named "${role.name}". A category is a letter, then letters, digits, "_" and "."; no dash, which ends it.`
          : `${type.name} is named "${role.name}". Use lower-case letters, digits and dashes.`,
      );
    if (!Number.isSafeInteger(role.version) || role.version < 1)
      problems.push(`${type.name} has version ${role.version}. Versions are whole numbers from 1.`);
    const key = `${nameSpace(role.kind)} "${role.name}"`;
    const owner = owners.get(key);
    if (owner)
      problems.push(
        owner === type
          ? `${type.name} is registered twice. Register it once.`
          : `${owner.name} and ${type.name} are both the ${key}. Rename one.`,
      );
    owners.set(key, type);
  }
}

function checkMethods({ type, role, uses }: DeclaredClass, problems: string[]): void {
  const seen = new Map<string, string>();
  for (const { method, verb, message } of uses) {
    const place = `${type.name}.${method}`;
    if (!verbs[role.kind].includes(verb))
      problems.push(
        `${place} carries ${decorator[verb]}, but ${type.name} is ${article[role.kind]}. Move it or remove the decorator.`,
      );
    const first = seen.get(`${verb} ${message.type}`);
    if (first) problems.push(`${first} and ${place} both carry ${decorator[verb]}(${message.type}). Keep one.`);
    seen.set(`${verb} ${message.type}`, place);
  }
  for (const verb of verbs[role.kind])
    if (!uses.some((use) => use.verb === verb))
      problems.push(`${type.name} has no method that carries ${decorator[verb]}. Add one, or do not register it.`);
  if (role.kind !== "aggregate") return;
  for (const [method, { value }] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype)))
    if (method !== "constructor" && typeof value === "function" && !uses.some((use) => use.method === method))
      problems.push(
        `${type.name}.${method} is undecorated. Add @Handles or @Applies, or make it a function outside the class.`,
      );
}

/** A command has one handler, and one class; an event type is recorded through one class. */
function checkOwners(aggregates: readonly DeclaredClass[], problems: string[]): void {
  const handlers = new Map<string, { type: AnyClass; place: string }>();
  const classes = new Map<string, MethodUse["message"]>();
  for (const { type, uses } of aggregates)
    for (const { verb, method, message } of uses) {
      const other = classes.get(message.type);
      if (other && other !== message)
        problems.push(
          `Two classes are named ${message.type}, and aggregates use both. Keep one; a reader's contract belongs to reactors and projections.`,
        );
      classes.set(message.type, message);
      if (verb !== "handles") continue;
      const place = `${type.name}.${method}`;
      const handler = handlers.get(message.type);
      // By class, not by its name: two domains may both call theirs Order.
      if (handler && handler.type !== type)
        problems.push(`${message.type} is handled by both ${handler.place} and ${place}. Keep one.`);
      handlers.set(message.type, { type, place });
    }
}
