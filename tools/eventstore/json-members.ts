/** The members of a JSON object as source text, which keeps integers that a JS number cannot. */

export interface JsonMember {
  readonly key: string;
  /** The value as it is written. */
  readonly source: string;
  /** Where the value stands in the text, with the white space around it. */
  readonly start: number;
  readonly end: number;
}

const structure = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;

/** Members of the object that `text` holds, in their order, a key as often as it occurs; `undefined` unless it is one. */
export function jsonMembers(text: string): JsonMember[] | undefined {
  if (!isJsonObject(text)) return undefined;
  const members: JsonMember[] = [];
  let depth = 0;
  let key: string | undefined;
  let start = 0;
  for (const { 0: token, index } of text.matchAll(structure)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth !== 1) continue;
    else if (token === ":") start = index + 1;
    else if (token !== "," && key === undefined) key = JSON.parse(token) as string;
    const ends = depth === 0 || (depth === 1 && token === ",");
    if (!ends || key === undefined) continue;
    members.push({ key, source: text.slice(start, index).trim(), start, end: index });
    key = undefined;
  }
  return members;
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
