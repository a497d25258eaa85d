/** The definitions of an observer, one after the other, and by which of them each slot of a case is judged. */

import type { Case } from "./case.js";
import { isControl } from "./control-events.js";
import type { ObserverDefinition } from "./definition.js";
import { isTriggered, runOf } from "./runs.js";
import { remembersAll, type Slot } from "./slot.js";
import { plainTerms, type SlotDefinition } from "./terms.js";

export type Role = "trigger" | "counterpart" | "unless";

/** A slot and the terms that it is judged by. */
export interface JudgedSlot {
  readonly terms: SlotDefinition;
  /** Which definition the terms are of: its place in the chain. */
  readonly by: number;
  readonly remembersAll: boolean;
  /** Whether a run without a trigger was begun under other terms. */
  isStale(slot: Slot): boolean;
}

export interface JudgedRole {
  readonly judged: JudgedSlot;
  readonly role: Role;
}

const roleOf = ({ trigger, counterpart, unless }: SlotDefinition, type: string): Role | undefined =>
  trigger.includes(type)
    ? "trigger"
    : counterpart.includes(type)
      ? "counterpart"
      : unless.includes(type)
        ? "unless"
        : undefined;

export class DefinitionsInForce {
  readonly inForce: ObserverDefinition;
  /** By the place of the definition, then by name. */
  private readonly judged: readonly ReadonlyMap<string, JudgedSlot>[];
  private readonly names: readonly string[];
  private readonly roles = new Map<string, readonly JudgedRole[]>();
  /** Whether any slot may ask for data, or reads paths. */
  readonly readsData: boolean;
  readonly readsPaths: boolean;
  private readonly successors: readonly { readonly judged: JudgedSlot; readonly predecessor: string }[];

  /**
   * @param chain of definitions, oldest first
   * @param current place of the one in force, which new triggers are judged by
   */
  constructor(
    readonly chain: readonly ObserverDefinition[],
    readonly current = 0,
  ) {
    this.inForce = chain[current]!;
    this.judged = chain.slice(0, current + 1).map((definition, by) => this.judgedBy(definition, by));
    this.names = [...new Set(this.judged.flatMap((slots) => [...slots.keys()]))].toSorted();
    const known = chain.slice(0, current + 1);
    this.readsData = known.some(({ readsData }) => readsData);
    this.readsPaths = known.some(({ slots }) =>
      slots.some(({ per, min, max }) => per !== undefined || typeof min === "string" || typeof max === "string"),
    );
    this.successors = successorsOf(this.judged[current]!.values());
  }

  /** Whether events of this type concern any definition so far. */
  reads(type: string): boolean {
    if (isControl(type)) return true;
    for (let by = this.current; by >= 0; by--) if (this.chain[by]!.ownTypes.has(type)) return true;
    return false;
  }

  /** Slots of the definition in force that the one before it does not have, or not with these terms. */
  changedSlots(): readonly SlotDefinition[] {
    const { current, inForce } = this;
    return inForce.slots.filter(({ name }) => this.haveChanged(name, current - 1, current));
  }

  /** What an event of this type is to the slots of the case, in the order in which they are judged. */
  rolesIn(state: Case, type: string): readonly JudgedRole[] {
    if (this.current > 0) return this.names.flatMap((name) => this.roleIn(state, name, type));
    let roles = this.roles.get(type);
    if (!roles) this.roles.set(type, (roles = this.names.flatMap((name) => this.roleIn(state, name, type))));
    return roles;
  }

  /** The slots of the case that open when another one is complete, by name. */
  successorsIn(state: Case): readonly { readonly judged: JudgedSlot; readonly predecessor: string }[] {
    if (this.current === 0) return this.successors;
    return successorsOf(this.names.flatMap((name) => this.slotIn(state, name) ?? []));
  }

  /** By what a slot of the case is judged: the definition of its first trigger, else the one in force, if it has the slot. */
  slotIn({ slots, pins }: Pick<Case, "slots" | "pins">, name: string): JudgedSlot | undefined {
    if (this.current === 0) return this.judged[0]!.get(name);
    const pin = pins?.[name] ?? (hasTrigger(slots, name) ? 0 : this.current);
    return this.judged[pin]!.get(name);
  }

  private roleIn(state: Case, name: string, type: string): JudgedRole[] {
    const judged = this.slotIn(state, name);
    const role = judged && roleOf(judged.terms, type);
    return role ? [{ judged, role }] : [];
  }

  private judgedBy({ slots, closeAfterMs }: ObserverDefinition, by: number): ReadonlyMap<string, JudgedSlot> {
    return new Map(
      slots.map((terms) => [
        terms.name,
        {
          terms,
          by,
          remembersAll: closeAfterMs !== undefined || remembersAll(terms),
          isStale: (slot) => !isTriggered(slot) && this.haveChanged(terms.name, slot.by ?? 0, by),
        },
      ]),
    );
  }

  /** Whether the terms of a slot are others under a later definition. */
  private haveChanged(name: string, from: number, to: number): boolean {
    const textOf = (by: number) => {
      const terms = this.chain[by]!.slots.find((slot) => slot.name === name);
      return terms && JSON.stringify(plainTerms(terms));
    };
    return from !== to && textOf(from) !== textOf(to);
  }
}

function hasTrigger(slots: Readonly<Record<string, Slot>>, name: string): boolean {
  const found = slots[name];
  if (found && isTriggered(found)) return true;
  return Object.keys(slots).some((run) => run !== name && runOf(run).slot === name && isTriggered(slots[run]!));
}

const successorsOf = (slots: Iterable<JudgedSlot>) =>
  [...slots].flatMap((judged) =>
    judged.terms.after === undefined ? [] : [{ judged, predecessor: judged.terms.after }],
  );
