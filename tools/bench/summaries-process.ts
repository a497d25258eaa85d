/**
 * An application with order summaries, in a process of its own, which says when they are live, and where it answers.
 * Arguments: the log, the file of the read models, how many read models there are, and the roles.
 */

import { goLive } from "./live.js";
import { summing } from "./order-summaries.js";

const [store, readModels, count, ...roles] = process.argv.slice(2) as [string, string, string, ...string[]];
const http = { host: "127.0.0.1", port: 0 };
const rollcall = await goLive(summing(Number(count)), { store, readModels, roles, http });
process.stdout.write(`${JSON.stringify({ live: true, url: rollcall.url })}\n`);
