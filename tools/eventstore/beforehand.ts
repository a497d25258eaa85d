/** What keeps a server from starting, found out before anything is made. */

import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { cannotListen } from "./server.js";
import { openRecordLog } from "./sqlite-record-log.js";

/**
 * @throws InvalidConfiguration when nobody can listen there
 * @throws IncompatibleStore when there is a file that is no log
 */
export async function checkBeforehand(file: string, { host, port }: { host: string; port: number }): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once("error", ({ message }) => reject(cannotListen(host, port, message)));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()));
  });
  // Opening one that is not there would make it.
  if (existsSync(file)) await (await openRecordLog({ file })).close();
}
