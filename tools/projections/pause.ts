/** `projections pause` and `projections resume`: a subscription stands still in every process, and goes on again. */

import { userInfo } from "node:os";
import { subscriptionNamed, timeInWords, type NamedSubscription } from "../../src/index.js";
import type { SubscriptionStatus } from "../../src/query/index.js";
import type { Session } from "../observe/session.js";

export interface PauseOptions {
  readonly reason: string;
  readonly by?: string;
}

export async function pause({ rollcall, print }: Session, name: string, { reason, by }: PauseOptions): Promise<void> {
  const found = subscriptionNamed(rollcall.subscriptions, name);
  const { pausedAtMs, ...paused } = await rollcall.pause(name, { reason, by: by ?? whoAsks() });
  print(
    { ...found, paused: true, reason, by: paused.by, since: new Date(pausedAtMs).toISOString() },
    `${whichOne(found)} is paused: ${reason}. Whoever works on it stops within about a second, once what is under way has finished.\nLet it go on with: npm run projections -- resume ${name}`,
  );
}

export async function resume({ rollcall, print }: Session, name: string): Promise<void> {
  const found = subscriptionNamed(rollcall.subscriptions, name);
  const wasPaused = await rollcall.resume(name);
  const text = wasPaused
    ? `${whichOne(found)} goes on from its checkpoint within about a second, where a process with its role runs.`
    : `${whichOne(found)} was not paused. Nothing was changed.`;
  print({ ...found, paused: false, wasPaused }, text);
}

/** Who is paused, and why: a sentence each. */
export const pausesInWords = (subscriptions: readonly SubscriptionStatus[]): string[] =>
  subscriptions.flatMap(({ kind, name, pause: paused }) =>
    paused
      ? `The ${kind} ${name} is paused since ${timeInWords(Date.parse(paused.since))}, by ${paused.by}: ${paused.reason}`
      : [],
  );

/** The user of this machine, unless the command is told who. */
export function whoAsks(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a user that has no name.
    return "an operator";
  }
}

const whichOne = ({ kind, name }: NamedSubscription) => `The ${kind} ${name}`;
