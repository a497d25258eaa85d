/** How a story ends: what came is compared as a store would keep it, and a failure says what came instead. */

import assert from "node:assert/strict";
import { errorInWords } from "../../errors.js";
import type { AnyCommand, AnyEvent } from "../../message/index.js";
import { roleOf, usesOf, type AnyClass, type DeclaredClass, type RoleKind } from "../../model/index.js";

export type ErrorClass = abstract new (...args: never[]) => Error;

/** The class as its decorators declare it. */
export function declaredAs(kind: RoleKind, type: AnyClass): DeclaredClass {
  const role = roleOf(type);
  assert.ok(
    role?.kind === kind,
    `${type.name} is no ${kind}. Decorate the class with @${kind[0]!.toUpperCase()}${kind.slice(1)}.`,
  );
  return { type, role, uses: usesOf(type) };
}

/** A message as JSON keeps it, with its type. */
export const asStored = (message: AnyCommand | AnyEvent): object => ({
  type: message.type,
  ...(JSON.parse(JSON.stringify(message)) as object),
});

/** @throws AssertionError with `sentence` and the difference */
export function same(actual: unknown, expected: unknown, sentence: string): void {
  try {
    assert.deepStrictEqual(actual, expected);
  } catch (error) {
    throw failure(`${sentence}\n${(error as Error).message}`, actual, expected);
  }
}

/** @throws AssertionError unless `error` is of the class, and says what `message` matches */
export function failedWith(error: unknown, type: ErrorClass, message: RegExp | undefined, who: string): void {
  const found = errorInWords(error);
  if (!(error instanceof type))
    throw failure(`${who} failed otherwise than expected. Expected: ${type.name}. Found: ${found}`, error, type);
  if (message && !message.test(error.message))
    throw failure(`${who} gave another reason than expected. Expected: ${message}. Found: ${found}`, error, message);
}

function failure(message: string, actual: unknown, expected: unknown): assert.AssertionError {
  return new assert.AssertionError({
    message,
    actual,
    expected,
    operator: "deepStrictEqual",
    stackStartFn: failure,
  });
}

/** Messages in a sentence. */
export const named = (messages: readonly (AnyCommand | AnyEvent)[]): string =>
  messages.map((message) => `${message.type} ${JSON.stringify(message)}`).join(", ") || "nothing";
