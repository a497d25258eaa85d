/** `projections rollback`: what served before the last rebuild serves again. */

import { Interrupted } from "../command-line.js";
import { counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";
import { watching } from "../rebuild/watching.js";

export async function rollback({ rollcall, signal, print }: Session, name: string): Promise<void> {
  const { activated, ...result } = await watching(
    name,
    ({ head = 0n }) => head,
    (onProgress) => rollcall.rollback(name, { signal, onProgress }),
  );
  if (!activated) throw new Interrupted((signal.reason as Interrupted).exitCode, `${name} serves as before.`);
  const caughtUp = counted(result.events - result.resumed, "event");
  print(
    result,
    `${name}: what served before its last rebuild serves again, caught up by ${caughtUp}. What served until now is kept: the same command takes this back.`,
  );
}
