/** Waits for a condition, so that no test has to guess how long something takes. */

import { setTimeout as sleep } from "node:timers/promises";

/** @throws when the condition does not hold within `timeoutMs` */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await condition()); await sleep(10))
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`);
}
