/** From a definition to its model: what is declared, checked as a whole. */

import { snapshotProblems } from "../aggregate/snapshot-declaration.js";
import { InvalidModel } from "../errors.js";
import { buildModel, roleOf, type AnyClass, type Model } from "../model/index.js";
import { notificationProblems } from "../notification/index.js";
import { definitionProblems } from "../observer/index.js";
import type { ReactorOptions } from "../reactor/index.js";
import type { ApplicationDefinition, Domain } from "./registration.js";

/** The roles that are not a domain's. */
export const machineryRoles = ["projection", "observer", "notification", "http"] as const;

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
