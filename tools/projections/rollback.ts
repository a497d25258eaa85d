/** `projections rollback`: what served before the last rebuild serves again. */

import { Interrupted, progress } from "../command-line.js";
import { counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";

export async function rollback({ rollcall, signal, print }: Session, name: string): Promise<void> {
  let shown: ReturnType<typeof progress> | undefined;
  try {
    const onProgress = ({ position = 0n, head = 0n }) => {
      shown ??= progress(name, Number(head), "positions");
      shown.update(Number(position));
    };
    const { activated, ...result } = await rollcall.rollback(name, { signal, onProgress });
    if (!activated) throw new Interrupted((signal.reason as Interrupted).exitCode, `${name} serves as before.`);
    const caughtUp = counted(result.events - result.resumed, "event");
    print(
      result,
      `${name}: what served before its last rebuild serves again, caught up by ${caughtUp}. What served until now is kept: the same command takes this back.`,
    );
  } finally {
    shown?.end();
  }
}
