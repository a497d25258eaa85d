/** The composition: from a definition and two stores to the model, the command bus, read models, reactors and notifications. */

import { Container, decorate, injectable, type Newable } from "inversify";
import { CommandBus, type SnapshotStore } from "../aggregate/index.js";
import { snapshotProblems } from "../aggregate/snapshot-declaration.js";
import { InvalidModel } from "../errors.js";
import { buildModel, roleOf, type AnyClass, type DeclaredClass, type Model } from "../model/index.js";
import { notificationProblems, NotificationSubscriber, type Notification } from "../notification/index.js";
import { definitionProblems, ObserverReadModel, type ObserverLimits } from "../observer/index.js";
import { ProjectionReadModel, type ReadModelStore } from "../projection/index.js";
import { ReactorSubscriber, type ReactorLimits, type ReactorOptions } from "../reactor/index.js";
import { flagsStoreOf, type EventStore } from "../store/event-store.js";
import type { ApplicationDefinition, Domain } from "./registration.js";
import { ClockToken, EventStoreToken, ReadModelStoreToken, UpcastersToken } from "./tokens.js";

/** The roles that are not a domain's. */
export const machineryRoles = ["projection", "observer", "notification", "http"] as const;

export interface Ports {
  readonly store: EventStore;
  readonly readModels: ReadModelStore;
  /** `undefined` where commands do without. */
  readonly snapshots?: SnapshotStore | undefined;
}

export interface Assembly {
  readonly model: Model;
  readonly commands: CommandBus;
  readonly container: Container;
  readonly projections: readonly ProjectionReadModel[];
  readonly observers: readonly ObserverReadModel[];
  readonly reactors: readonly {
    readonly subscriber: ReactorSubscriber;
    readonly name: string;
    readonly role: string;
  }[];
  readonly notifications: readonly { readonly subscriber: NotificationSubscriber; readonly declared: Notification }[];
  readonly roles: readonly string[];
}

/**
 * The model of a definition, checked as a whole.
 * @throws InvalidModel with every problem
 */
export function modelOf(definition: ApplicationDefinition): Model {
  const missing = missingProblems(definition);
  // Nothing else can be said of what is not there.
  if (missing.length > 0) throw new InvalidModel(missing);
  const { domains = [], projections = [], observers = [], notifications = [] } = definition;
  const observerProblems = observers.flatMap((type) => {
    const role = roleOf(type);
    return role?.kind === "observer" ? definitionProblems({ type, role }) : [];
  });
  const snapshotsOf = (type: AnyClass) => {
    const role = roleOf(type);
    return role?.kind === "aggregate" ? snapshotProblems({ type, role }) : [];
  };
  return buildModel(
    {
      aggregates: domains.flatMap(({ aggregates = [] }) => aggregates),
      reactors: domains.flatMap(({ reactors = [] }) => reactors),
      upcasters: domains.flatMap(({ upcasters = [] }) => upcasters),
      projections,
      observers,
    },
    [
      ...domainProblems(domains),
      ...startProblems(domains),
      ...domains.flatMap(({ aggregates = [] }) => aggregates.flatMap(snapshotsOf)),
      ...observerProblems,
      ...notificationProblems(notifications),
    ],
  );
}

/** Puts together what `modelOf` found in order. @throws InvalidModel with every problem of injection */
export function assemble(
  definition: ApplicationDefinition,
  model: Model,
  { store, readModels, snapshots }: Ports,
  limits: ReactorLimits & Required<Pick<ReactorLimits, "clock">> & { readonly observerLimits?: ObserverLimits },
): Assembly {
  const { clock, observerLimits, onError } = limits;
  const { domains = [] } = definition;
  const commands = new CommandBus(model, store, { clock, snapshots, onError });
  const container = new Container({ defaultScope: "Singleton" });
  container.bind(ClockToken).toConstantValue(clock);
  container.bind(EventStoreToken).toConstantValue(store);
  container.bind(ReadModelStoreToken).toConstantValue(readModels);
  container.bind(UpcastersToken).toConstantValue(model.upcasters);
  container.bind(CommandBus).toConstantValue(commands);
  for (const { bindings } of domains) bindings?.(container);
  definition.bindings?.(container);

  const domainOf = (type: AnyClass) => domains.find(({ reactors }) => reactors?.includes(type))!.name;
  const reactors = instances(container, model.reactors).map(({ declared, instance }) => ({
    subscriber: new ReactorSubscriber(declared, instance, model, commands, store, readModels, limits),
    name: declared.role.name,
    role: domainOf(declared.type),
  }));
  return {
    model,
    commands,
    container,
    reactors,
    notifications: (definition.notifications ?? []).map((declared) => ({
      subscriber: new NotificationSubscriber(declared, flagsStoreOf(store), readModels, limits),
      declared,
    })),
    projections: model.projections.map((declared) => new ProjectionReadModel(declared, model.upcasters)),
    observers: model.observers.map(
      (declared) => new ObserverReadModel(declared, { clock, limits: observerLimits, upcasters: model.upcasters }),
    ),
    roles: [...domains.map(({ name }) => name), ...machineryRoles],
  };
}

const aClass = "a class";

/** What an import gave that is no class, as it does when two modules import each other. */
function missingProblems(definition: ApplicationDefinition): string[] {
  const { domains = [], projections = [], observers = [], notifications = [] } = definition;
  const check = (place: string, registered: readonly unknown[], expected: string) =>
    registered.flatMap((each, i) => {
      if (each !== null && typeof each === (expected === aClass ? "function" : "object")) return [];
      const found = each === null ? "null" : typeof each;
      return [
        `${place}[${i}] is ${found}, not ${expected}. Does its module export it, and do two modules import each other in a circle?`,
      ];
    });
  return [
    ...check("domains", domains, "made by domain({ … })"),
    ...domains.flatMap((each) => {
      const { name, aggregates = [], reactors = [], upcasters = [] } = each ?? {};
      return [
        ...check(`${name}: aggregates`, aggregates, aClass),
        ...check(`${name}: reactors`, reactors, aClass),
        ...check(`${name}: upcasters`, upcasters, "made by upcaster(…)"),
      ];
    }),
    ...check("projections", projections, aClass),
    ...check("observers", observers, aClass),
    ...check("notifications", notifications, "made by webhook({ … }) or the like"),
  ];
}

/** Types do not keep plain JavaScript from a word that would run a whole history. */
function startProblems(domains: readonly Domain[]): string[] {
  return domains.flatMap(({ reactors = [] }) =>
    reactors.flatMap((type) => {
      const { startFrom = "beginning" } = (roleOf(type)?.options ?? {}) as Partial<ReactorOptions>;
      return ["beginning", "now"].includes(startFrom)
        ? []
        : [`${type.name} has startFrom "${startFrom}". Use "beginning" or "now".`];
    }),
  );
}

function domainProblems(domains: readonly Domain[]): string[] {
  const names = domains.map(({ name }) => name);
  return [
    ...names
      .filter((name) => !/^[a-z][a-z0-9-]*$/.test(name))
      .map((name) => `A domain is named "${name}". Use lower-case letters, digits and dashes.`),
    ...names
      .filter((name) => (machineryRoles as readonly string[]).includes(name))
      .map((name) => `A domain is named "${name}", which is a role of its own. Rename it.`),
    ...new Set(
      names
        .filter((name, i) => names.indexOf(name) !== i)
        .map((name) => `Two domains are named "${name}". Rename one.`),
    ),
  ];
}

/** One instance of each reactor, with what it injects. */
function instances(container: Container, declared: readonly DeclaredClass[]) {
  const problems: string[] = [];
  const made = declared.flatMap((each) => {
    const type = each.type as Newable<object>;
    try {
      makeInjectable(type);
      container.bind(type).toSelf();
      return [{ declared: each, instance: container.get(type) }];
    } catch (error) {
      const [reason = ""] = (error as Error).message.split("\n");
      problems.push(
        /missing metadata/i.test(reason)
          ? `${type.name} cannot be made: its constructor does not say what it is to be given. Put @inject(Token) on each constructor parameter.`
          : `${type.name} cannot be made: ${reason} Bind what it injects in its domain or the application.`,
      );
      return [];
    }
  });
  if (problems.length > 0) throw new InvalidModel(problems);
  return made;
}

/** `@Reactor` says enough: nobody should have to write `@injectable()` as well. */
function makeInjectable(type: Newable<object>): void {
  try {
    decorate(injectable(), type);
  } catch (error) {
    // It was decorated before: by its author, or for another application in this process.
    if (!/injectable/i.test((error as Error).message)) throw error;
  }
}
