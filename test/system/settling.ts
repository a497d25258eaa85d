/** When a run has come to rest: everything that was asked for is done, read and judged. */

import type { Rollcall } from "../../src/index.js";
import type { Checkpoint } from "../../src/subscription/index.js";
import { until } from "../until.js";
import { readModelNames } from "./quick-application.js";

const reactor = "reactor:request-payment";
const domainEvents = {
  eventTypes: ["ordering.OrderPlaced", "ordering.OrderCancelled", "billing.PaymentTaken", "billing.PaymentRefused"],
};

/** Waits until the reactor, the projection and the observer, in whichever process, have nothing left to do. */
export async function settled({ store, readModels }: Rollcall, timeoutMs = 20_000): Promise<void> {
  const lastOf = async (filter: { readonly eventTypes: readonly string[] }) => {
    let last = 0n;
    for await (const page of store.readLog({ filter })) last = page.at(-1)!.position;
    return last;
  };
  const has = (checkpoint: Checkpoint | undefined, position: bigint) => (checkpoint?.position ?? 0n) >= position;
  const reacted = async () =>
    has(await readModels.loadCheckpoint(reactor), await lastOf({ eventTypes: ["ordering.OrderPlaced"] }));
  await until("every order was reacted to", reacted, timeoutMs);
  const last = await lastOf(domainEvents);
  for (const name of readModelNames)
    await until(
      `${name} has read everything`,
      async () => has((await readModels.activeGeneration(name))?.checkpoint, last),
      timeoutMs,
    );
  const open = async () => (await readModels.findRows("quick-cash", { where: { status: "open" }, limit: 1 })).rows;
  await until("every deadline has passed", async () => (await open()).length === 0, timeoutMs);
}
