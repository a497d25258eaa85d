/**
 * An application with an observer, in a process of its own, which says when it is live.
 * Arguments: the log, the file of the read models, and how many milliseconds a case may take.
 */

import { deadlines } from "./deadlines.js";
import { goLive } from "./live.js";

const [store, readModels, withinMs] = process.argv.slice(2) as [string, string, string];
await goLive(deadlines(Number(withinMs)), { store, readModels, roles: ["observer"] });
process.stdout.write(`${JSON.stringify({ live: true })}\n`);
