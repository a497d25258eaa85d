/** How a story fails that does not hold. */

import { AssertionError } from "node:assert";
import { expect } from "chai";

export function failureOf(story: () => void): string {
  try {
    story();
  } catch (error) {
    expect(error).to.be.instanceOf(AssertionError);
    return (error as Error).message;
  }
  throw new Error("The story held.");
}
