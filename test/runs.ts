/** How much a test that samples tries: a little in `npm test`, all of it in `npm run soak`. */

export const soaking = process.env["ROLLCALL_SOAK"] === "1";

export const runs = (sampled: number, soaked: number): number => (soaking ? soaked : sampled);
