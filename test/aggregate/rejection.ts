/** The error that a promise is rejected with, which must be of the class that the test names. */

import { expect } from "chai";

export async function rejectionOf<E extends Error>(
  promise: Promise<unknown>,
  type: abstract new (...args: never[]) => E,
): Promise<E> {
  let resolved: unknown;
  try {
    resolved = await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(type);
    return error as E;
  }
  throw new Error(`Expected ${type.name}, but the promise resolved to ${String(resolved)}.`);
}
