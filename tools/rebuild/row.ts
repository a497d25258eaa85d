/** `rebuild NAME --key KEY`: one row of a projection made anew, in place. */

import { counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";

export async function rebuildRow({ rollcall, signal, print }: Session, name: string, key: string): Promise<void> {
  const result = await rollcall.rebuildRow(name, key, { signal });
  const { events, before, after, changed } = result;
  const from = `${name} ${JSON.stringify(key)}: from ${counted(events, "event")}`;
  const outcome = !changed
    ? "as it was"
    : !after
      ? "removed, because history gives no row"
      : before
        ? "changed"
        : "made, because it was missing";
  const shown = changed ? `\n  before: ${JSON.stringify(before)}\n  after:  ${JSON.stringify(after)}` : "";
  print(result, `${from}, ${outcome}.${shown}`);
}
