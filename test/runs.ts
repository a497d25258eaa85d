/** How much a test that samples tries: a little in `npm test`, all of it in `npm run soak`, hardly anything for each mutant. */

import fc from "fast-check";

export const soaking = process.env["ROLLCALL_SOAK"] === "1";

const isFew = process.env["ROLLCALL_FEW"] === "1";
// Whether a mutant survives must not be left to chance; what kills it need not be small.
if (isFew) fc.configureGlobal({ seed: 1, endOnFailure: true });

export const runs = (sampled: number, soaked: number): number =>
  soaking ? soaked : isFew ? Math.ceil(sampled / 8) : sampled;
