/** The package of the bench's own, `tools/bench/peers`: peers, and a PostgreSQL server. It is installed when it is asked for. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InvalidConfiguration } from "../../src/index.js";
import { ServerProcess } from "./server-process.js";

/** From `dist/tools/bench`: it is not compiled. */
export const peersFolder = fileURLToPath(new URL("../../../tools/bench/peers/", import.meta.url));

/** @throws InvalidConfiguration when npm fails */
export async function installPeers(): Promise<void> {
  if (existsSync(join(peersFolder, "node_modules", ".package-lock.json"))) return;
  process.stderr.write(
    `Installing what Rollcall is compared with into ${peersFolder}: two minutes, for sqlite3 is compiled …\n`,
  );
  const npm = spawn("npm", ["ci", "--prefix", peersFolder, "--no-audit", "--no-fund", "--loglevel", "error"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(npm, "exit")) as [number | null];
  if (code === 0) return;
  throw new InvalidConfiguration([
    `"npm ci --prefix ${peersFolder}" ended with ${code}, and said why above. Leave this part out, or run it where npm reaches its registry.`,
  ]);
}

/** A server that lasts until it is stopped, with an empty database. */
export async function startPostgres(): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> {
  const server = await ServerProcess.startFile(join(peersFolder, "postgres.js"), []);
  const { url } = server.said as { url: string };
  return { url, stop: () => server.stop() };
}
