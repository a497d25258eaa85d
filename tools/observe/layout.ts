/** Text for a terminal: tables, wrapped sentences, times, colours. */

import { styleText } from "node:util";
import { roughlyInWords } from "../../src/index.js";

type Colour = "red" | "yellow" | "green" | "gray" | "bold";

/** Coloured on a terminal alone. */
export const coloured = (colour: Colour, text: string): string =>
  process.stdout.isTTY ? styleText(colour, text) : text;

/** Columns as wide as their widest cell; a table without rows is its heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [coloured("bold", line(heading)), ...rows.map(line)].join("\n");
}

/** Breaks a text at blanks; lines after the first begin below the text. What has no blank stays whole. */
export function wrapped(indent: string, text: string, width = Math.max(60, process.stdout.columns || 110)): string {
  const lines: string[] = [];
  let line = indent;
  const hanging = " ".repeat(indent.length);
  // A date stays with its time.
  for (const word of text.split(/ (?!\d\d:\d\d:)/)) {
    if (line.trim() !== "" && line !== indent && line.length + 1 + word.length > width) {
      lines.push(line);
      line = hanging;
    }
    line += line === indent || line === hanging ? word : ` ${word}`;
  }
  return [...lines, line].join("\n");
}

/** `3 min ago`, `in 12 s`. */
export function fromNow(ms: number, nowMs: number): string {
  const away = roughlyInWords(ms - nowMs);
  return ms <= nowMs ? `${away} ago` : `in ${away}`;
}

/** `1 case`, `2 cases`. */
export const counted = (count: number, what: string): string =>
  `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
