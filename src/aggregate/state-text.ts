/** The state of an aggregate as text: exactly what JSON gives back, or else the flaw that it would lose. */

/** What JSON would not keep as it is. */
export interface Flaw {
  /** Where, for example `lines[0].price`. */
  readonly place: string;
  /** What is there, for example `a Map`. */
  readonly found: string;
}

interface Content {
  /** In their order; a field that is undefined has a name alone. */
  readonly fields: readonly (readonly [name: string, value?: unknown])[];
  /** A digit for each object among the values, in the order in which JSON writes them: 1 where it is frozen. */
  readonly frozen: string;
}

/** The fields of an instance as text; a flaw when there is one. Values count, not which of two equal objects it is. */
export function stateText(instance: object): string | Flaw {
  const walk = new Walk();
  const flaw = walk.fieldsOf(instance, undefined);
  if (flaw) return flaw;
  const fields = Object.entries(instance as Record<string, unknown>).map(([name, value]): Content["fields"][number] =>
    value === undefined ? [name] : [name, value],
  );
  return JSON.stringify({ fields, frozen: walk.frozen } satisfies Content);
}

/** Gives a new instance the fields that `stateText` wrote, and no others. */
export function restoreState(instance: object, text: string): void {
  const { fields, frozen } = JSON.parse(text) as Content;
  // What the constructor gave it may have gone since; and fields keep the order that they had.
  for (const name of Object.keys(instance)) Reflect.deleteProperty(instance, name);
  const ordinary = { writable: true, enumerable: true, configurable: true };
  for (const [name, value] of fields) Object.defineProperty(instance, name, { value, ...ordinary });
  let next = 0;
  const freeze = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const isFrozen = frozen[next++] === "1";
    for (const part of Object.values(value)) freeze(part);
    if (isFrozen) Object.freeze(value);
  };
  for (const [, value] of fields) freeze(value);
}

/** JSON recurses, and its stack is not ours to lose. */
const deepest = 500;

class Walk {
  frozen = "";
  private readonly seen = new Set<object>();
  private readonly above = new Set<object>();

  /** The first flaw of a value. */
  private flawOf(value: unknown, place: string): Flaw | undefined {
    if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
    if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return undefined;
    if (typeof value !== "object") return { place, found: inWords(value) };
    const isArray = Array.isArray(value);
    if (Object.getPrototypeOf(value) !== (isArray ? Array.prototype : Object.prototype))
      return { place, found: inWords(value) };
    if (this.above.has(value)) return { place, found: "an object that holds itself" };
    if (this.above.size === deepest) return { place, found: `more than ${deepest} levels deep` };
    const isFrozen = Object.isFrozen(value);
    // What nobody can change may as well be two.
    if (this.seen.has(value) && !isFrozen) return { place, found: "an object that is in another place too" };
    this.frozen += isFrozen ? "1" : "0";
    this.seen.add(value);
    this.above.add(value);
    const flaw = this.fieldsOf(value, place);
    this.above.delete(value);
    return flaw;
  }

  /** The first flaw among the fields of an object; without a place, of the instance. */
  fieldsOf(owner: object, place: string | undefined): Flaw | undefined {
    const isFrozen = Object.isFrozen(owner);
    const isArray = Array.isArray(owner);
    const names = Reflect.ownKeys(owner);
    if (!isFrozen && !Object.isExtensible(owner))
      return { place: place ?? "the aggregate", found: "an object that takes no more fields, and is not frozen" };
    if (isArray && names.length !== owner.length + 1)
      return { place: place!, found: "an array with holes, or with fields" };
    for (const name of names) {
      if (isArray && name === "length") continue;
      const here = isArray ? `${place}[${String(name)}]` : [place, String(name)].filter(isGiven).join(".");
      const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(owner, name)!;
      if (typeof name === "symbol" || !enumerable || writable !== !isFrozen || configurable === isFrozen)
        return { place: here, found: "a field with a symbol for a name, an accessor, hidden or read-only" };
      if (value === undefined && place === undefined) continue;
      const flaw = this.flawOf(value, here);
      if (flaw) return flaw;
    }
    return undefined;
  }
}

const isGiven = (text: string | undefined): boolean => text !== undefined;

function inWords(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (value === undefined) return "undefined";
  if (typeof value !== "object" || value === null) return `a ${typeof value}`;
  const { constructor } = value as { constructor?: unknown };
  if (typeof constructor !== "function") return "an object without a prototype";
  return `${/^[AEIOU]/.test(constructor.name) ? "an" : "a"} ${constructor.name || "class instance"}`;
}
