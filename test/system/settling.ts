/** When a run has come to rest: everything that was asked for is done, read and judged. */

import type { EventFilter, Rollcall } from "../../src/index.js";
import type { Checkpoint } from "../../src/subscription/index.js";
import { until } from "../until.js";

const reactor = "reactor:request-payment";

/** Waits until the reactor, the projection and the observer, in whichever process, have nothing left to do. */
export async function settled({ store, readModels, assembly }: Rollcall, timeoutMs = 20_000): Promise<void> {
  const lastOf = async (filter: EventFilter) => {
    let last = 0n;
    for await (const page of store.readLog({ filter })) last = page.at(-1)!.position;
    return last;
  };
  const has = (checkpoint: Checkpoint | undefined, position: bigint) => (checkpoint?.position ?? 0n) >= position;
  let lastOrder = 0n;
  const reacted = async () => {
    const checkpoint = await readModels.loadCheckpoint(reactor);
    if (!has(checkpoint, lastOrder)) return false;
    // Read again only then: to read the log over and over is work that the others wait for.
    lastOrder = await lastOf({ eventTypes: ["ordering.OrderPlaced"] });
    return has(checkpoint, lastOrder);
  };
  await until("every order was reacted to", reacted, timeoutMs);
  // Of what each of them reads: with no deadline open, nothing else moves its checkpoint.
  for (const { declaration, filter } of [...assembly.projections, ...assembly.observers]) {
    const last = await lastOf(filter);
    await until(
      `${declaration.name} has read everything`,
      async () => has((await readModels.activeGeneration(declaration.place))?.checkpoint, last),
      timeoutMs,
    );
  }
  const open = async () => (await readModels.findRows("quick-cash", { where: { status: "open" }, limit: 1 })).rows;
  await until("every deadline has passed", async () => (await open()).length === 0, timeoutMs);
}
