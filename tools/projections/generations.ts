/** Every generation there is: what serves, what is being built, what is kept, and how fast those move that are built. */

import { rebuildLease, timeInWords, type Generation, type Rollcall } from "../../src/index.js";
import { table } from "../observe/layout.js";

export interface GenerationLook extends Pick<
  Generation,
  "id" | "name" | "version" | "place" | "state" | "createdAtMs"
> {
  readonly position: bigint | undefined;
  /** It has caught up with the log once. */
  readonly isComplete: boolean;
  /** Somebody builds it now; of one that is `building`. */
  readonly isWorkedOn?: boolean;
}

export interface GenerationStanding extends GenerationLook {
  /** Of one that is being built: committed positions a second since the look before. */
  readonly positionsPerSecond?: number;
  /** At that rate. */
  readonly secondsLeft?: number;
}

export async function generationsOf({ readModels, readModelNames }: Rollcall): Promise<readonly GenerationLook[]> {
  const held = new Set(
    (await readModels.listLeases())
      .filter(({ holder, expiresInMs }) => holder && expiresInMs > 0)
      .map(({ name }) => name),
  );
  return (await readModels.generations())
    .filter(({ name }) => readModelNames.includes(name))
    .map(({ id, name, version, place, state, isComplete, createdAtMs, checkpoint }) => ({
      id,
      name,
      version,
      place,
      state,
      isComplete,
      createdAtMs,
      position: checkpoint?.position,
      ...(state === "building" && { isWorkedOn: held.has(rebuildLease(place)) }),
    }));
}

/** What the second look says in the light of the first. */
export const movedBetween = (
  before: readonly GenerationLook[],
  now: readonly GenerationLook[],
  elapsedMs: number,
  head: bigint | undefined,
): readonly GenerationStanding[] =>
  now.map((look) => {
    const moved = Number((look.position ?? 0n) - (before.find(({ id }) => id === look.id)?.position ?? 0n));
    if (look.state !== "building" || moved <= 0) return look;
    const positionsPerSecond = (moved / elapsedMs) * 1_000;
    return { ...look, positionsPerSecond, secondsLeft: Number((head ?? 0n) - look.position!) / positionsPerSecond };
  });

export function generationsInWords(generations: readonly GenerationStanding[]): string[] {
  // What serves, and nothing besides, is told already.
  if (generations.every(({ state, isComplete }) => state === "active" && isComplete)) return [];
  const rows = generations.map((each) => [
    each.place,
    inWords(each),
    each.position === undefined ? "–" : String(each.position),
    timeInWords(each.createdAtMs),
  ]);
  return ["", table(["generation", "state", "position", "begun"], rows)];
}

function inWords({ state, isComplete, isWorkedOn, secondsLeft }: GenerationStanding): string {
  if (state === "active") return isComplete ? "serves" : "catches up for the first time";
  if (state === "retained") return "kept for a rollback";
  if (!isWorkedOn) return "left unfinished";
  return secondsLeft === undefined ? "is being built" : `is being built, ${Math.ceil(secondsLeft)} s left`;
}
