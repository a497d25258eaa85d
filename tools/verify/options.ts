/** What the options of `verify` mean. */

import { randomBytes } from "node:crypto";
import { InvalidArgumentError } from "commander";

/** `5%` or `0.05`. @throws InvalidArgumentError */
export function fractionOf(text: string): number {
  const [, number, percent] = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(text) ?? [];
  const fraction = Number(number) / (percent ? 100 : 1);
  if (!(fraction > 0 && fraction <= 1)) throw new InvalidArgumentError("Expected a part such as 5% or 0.05.");
  return fraction;
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `15m`, `6h` or `1d` in milliseconds. @throws InvalidArgumentError */
export function intervalOf(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * unitMs[unit as keyof typeof unitMs];
  if (!(ms >= 100)) throw new InvalidArgumentError("Expected a time such as 30s, 15m, 6h or 1d.");
  return ms;
}

/** Each time another one, so that sample after sample all rows are looked at. */
export const newSeed = (): string => randomBytes(4).toString("hex");
