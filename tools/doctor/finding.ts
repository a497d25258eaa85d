/** What the doctor finds: how bad it is, what it is, and what to do. */

import { coloured, counted } from "../observe/layout.js";

export interface Finding {
  readonly level: "ok" | "warning" | "problem";
  /** What was looked at: `projection order-summary`. */
  readonly subject: string;
  readonly found: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
}

export const ok = (subject: string, found: string): Finding => ({ level: "ok", subject, found });

export const warning = (subject: string, found: string, remedy: string): Finding => ({
  level: "warning",
  subject,
  found,
  remedy,
});

export const problem = (subject: string, found: string, remedy?: string): Finding => ({
  level: "problem",
  subject,
  found,
  ...(remedy !== undefined && { remedy }),
});

const colours = { ok: "green", warning: "yellow", problem: "red" } as const;

export function inWords(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const lines = findings.flatMap(({ level, subject, found, remedy }) => [
    `${coloured(colours[level], level.padEnd(7))}  ${subject.padEnd(width)}  ${found}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(9 + width)}  → ${remedy}`]),
  ]);
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  return [
    ...lines,
    "",
    `${counted(count("problem"), "problem")}, ${counted(count("warning"), "warning")}, ${count("ok")} ok`,
  ].join("\n");
}
