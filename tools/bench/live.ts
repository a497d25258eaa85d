/** An application that runs in this process, as a user would run it. */

import {
  Rollcall,
  type ApplicationDefinition,
  type RollcallOptions,
  type StatedConfiguration,
} from "../../src/index.js";

/** Opens and starts the application, and waits until the first of its subscriptions is live. */
export async function goLive(
  definition: ApplicationDefinition,
  configuration: StatedConfiguration,
  options: Pick<RollcallOptions, "observerLimits"> = {},
): Promise<Rollcall> {
  let becomesLive: () => void;
  let fails: (error: unknown) => void;
  const live = new Promise<void>((resolve, reject) => {
    becomesLive = resolve;
    fails = reject;
  });
  const rollcall = await Rollcall.open(definition, configuration, {
    ...options,
    onChange: ({ state, error }) => (state === "live" ? becomesLive() : error && fails(error)),
  });
  await rollcall.start();
  await live;
  return rollcall;
}
