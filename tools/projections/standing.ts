/** Where read models stand: two looks at them, and what has happened in between. */

import { isDeclaredBy, type Rollcall } from "../../src/index.js";
import type { SubscriptionStatus } from "../../src/query/index.js";
import { coloured, table } from "../observe/layout.js";
import { generationsOf, type GenerationLook } from "./generations.js";

interface Look {
  readonly name: string;
  readonly kind: "projection" | "observer";
  readonly version: number;
  /** Absent where nothing serves. */
  readonly servingVersion?: number;
  /** What serves was declared as the code is. */
  readonly isDeclared: boolean;
  readonly position?: bigint;
  /** Events that are still to come, as far as was counted. */
  readonly lagEvents: number;
  readonly hasMore: boolean;
  readonly lagSeconds: number;
  readonly isPaused?: boolean;
}

export interface Sample {
  readonly atMs: number;
  readonly head: bigint | undefined;
  readonly looks: readonly Look[];
  /** Every subscription, those without rows too. */
  readonly subscriptions?: readonly SubscriptionStatus[];
  readonly generations?: readonly GenerationLook[];
}

export type StandingState = "live" | "paused" | "catching up" | "stalled" | "outdated" | "not built";

export interface Standing extends Look {
  readonly state: StandingState;
  /** Positions a second since the look before. */
  readonly positionsPerSecond?: number;
  /** At that rate. */
  readonly secondsLeft?: number;
}

/** @throws StoreUnavailable when the event store does not answer */
export async function sample(rollcall: Rollcall): Promise<Sample> {
  const { readModels, store, assembly } = rollcall;
  const head = await store.head();
  const { subscriptions } = await rollcall.queryContext().status();
  const declared = [...assembly.projections, ...assembly.observers];
  const looks = await Promise.all(
    declared.map(async ({ declaration }): Promise<Look> => {
      const { name, version, place } = declaration;
      const { kind, lag, pause } = subscriptions.find((each) => each.name === name && isReadModel(each.kind))!;
      const serving = await readModels.activeGeneration(place);
      const position = serving?.checkpoint?.position;
      return {
        name,
        kind: kind as Look["kind"],
        version,
        ...(serving && { servingVersion: serving.version }),
        isDeclared: serving !== undefined && isDeclaredBy(serving, declaration),
        ...(position !== undefined && { position }),
        lagEvents: lag?.events ?? 0,
        hasMore: lag?.more ?? false,
        lagSeconds: lag?.seconds ?? 0,
        ...(pause && { isPaused: true }),
      };
    }),
  );
  const generations = await generationsOf(rollcall);
  return { atMs: performance.now(), head, looks, subscriptions, generations };
}

const isReadModel = (kind: string) => kind === "projection" || kind === "observer";

/** What the second look says in the light of the first. */
export const progressBetween = (before: Sample, now: Sample): readonly Standing[] =>
  now.looks.map((look) => {
    const first = before.looks.find(({ name }) => name === look.name)!;
    const moved = Number((look.position ?? -1n) - (first.position ?? -1n));
    const state = stateOf(look, moved, first.lagEvents > 0);
    if (state !== "catching up") return { ...look, state };
    const positionsPerSecond = (moved / (now.atMs - before.atMs)) * 1_000;
    const left = Number((now.head ?? 0n) - (look.position ?? 0n));
    return { ...look, state, positionsPerSecond, secondsLeft: left / positionsPerSecond };
  });

/** @param hadLag there was something to do at the first look, and not only since */
function stateOf(
  { servingVersion, isDeclared, lagEvents, isPaused }: Look,
  moved: number,
  hadLag: boolean,
): StandingState {
  if (servingVersion === undefined) return "not built";
  if (isPaused) return "paused";
  if (!isDeclared) return "outdated";
  if (moved > 0 && lagEvents > 0) return "catching up";
  return lagEvents > 0 && hadLag ? "stalled" : "live";
}

const colours = {
  live: "green",
  paused: "yellow",
  "catching up": "yellow",
  stalled: "red",
  outdated: "red",
  "not built": "gray",
} as const;

export function inWords(standings: readonly Standing[], head: bigint | undefined): string {
  const rows = standings.map((each) => {
    const { name, version, servingVersion, position, lagEvents, hasMore, lagSeconds, state } = each;
    const served = servingVersion === undefined ? "–" : String(servingVersion);
    return [
      name,
      served === String(version) ? served : `${served} (declared: ${version})`,
      position === undefined ? "–" : String(position),
      lagEvents === 0 ? "0" : `${lagEvents}${hasMore ? "+" : ""} events, ${lagSeconds.toFixed(1)} s`,
      each.positionsPerSecond === undefined
        ? "–"
        : `${Math.round(each.positionsPerSecond).toLocaleString("en")}/s, ${Math.ceil(each.secondsLeft!)} s left`,
      coloured(colours[state], state),
    ];
  });
  const heading = ["read model", "version", "position", "lag", "rate", "state"];
  return `The log ends at position ${head ?? "none"}.\n\n${table(heading, rows)}`;
}
