/** Finds out at the start what the user may not do, rather than in the middle of the work. */

import { AccessDenied } from "../../errors.js";

/** Something that the user must be allowed to do, tried out. */
export type Trial = () => Promise<unknown>;

/** @throws AccessDenied with everything that was denied, and whatever else a trial throws. */
export async function tryAll(trials: readonly Trial[]): Promise<void> {
  const denied: AccessDenied[] = [];
  for (const trial of trials) {
    try {
      await trial();
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      denied.push(error);
    }
  }
  const [first] = denied;
  if (!first) return;
  throw new AccessDenied(first.who, [...new Set(denied.flatMap((error) => error.denied))], { cause: first });
}
