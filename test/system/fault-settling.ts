/** When a run under faults has come to rest: everything is reacted to, read and judged. */

import type { EventFilter, Rollcall } from "../../src/index.js";
import { until } from "../until.js";

const reactor = "reactor:request-payment";

/**
 * Waits until the application that works on the stores of `onlooker` has nothing left to do. Each read model is asked for
 * the last event that it reads: what comes after that need not move it.
 */
export async function settled({ store, readModels, assembly }: Rollcall, timeoutMs: number): Promise<void> {
  const lastOf = async (filter: EventFilter) => {
    let last = 0n;
    for await (const page of store.readLog({ filter })) last = page.at(-1)!.position;
    return last;
  };
  const lastOrder = await lastOf({ eventTypes: ["ordering.OrderPlaced"] });
  await until(
    "every order was reacted to",
    async () => ((await readModels.loadCheckpoint(reactor))?.position ?? 0n) >= lastOrder,
    timeoutMs,
  );
  for (const { declaration, filter } of [...assembly.projections, ...assembly.observers]) {
    const last = await lastOf(filter);
    const position = async () => (await readModels.activeGeneration(declaration.name))?.checkpoint?.position ?? 0n;
    await until(`${declaration.name} has read everything`, async () => (await position()) >= last, timeoutMs);
  }
  const open = async () => (await readModels.findRows("quick-cash", { where: { status: "open" }, limit: 1 })).rows;
  await until("every deadline has passed", async () => (await open()).length === 0, timeoutMs);
}
