/** The composition: from a definition, its model and two stores to the command bus, read models, reactors and notifications. */

import { Container, decorate, injectable, type Newable } from "inversify";
import { CommandBus, type SnapshotStore } from "../aggregate/index.js";
import { InvalidModel } from "../errors.js";
import type { AnyClass, DeclaredClass, Model } from "../model/index.js";
import { NotificationSubscriber, type Notification } from "../notification/index.js";
import { ObserverReadModel, type ObserverLimits } from "../observer/index.js";
import { ProjectionReadModel, type ReadModelStore } from "../projection/index.js";
import { ReactorSubscriber, type ReactorLimits } from "../reactor/index.js";
import { flagsStoreOf, type EventStore } from "../store/event-store.js";
import { machineryRoles } from "./definition-model.js";
import type { ApplicationDefinition } from "./registration.js";
import { ClockToken, EventStoreToken, ReadModelStoreToken, UpcastersToken } from "./tokens.js";

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
