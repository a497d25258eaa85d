/** A process that keeps the PostgreSQL server of a run, and ends it when the run is over, or was killed. */

import type { PostgresServer } from "./server.js";

const [password] = process.argv.slice(2);

async function start(): Promise<PostgresServer | undefined> {
  const { PostgresServer } = await import("./server.js");
  // The run may have been killed meanwhile.
  return process.connected ? PostgresServer.start(password) : undefined;
}

// Registered before anything is loaded, which takes long enough for the run to end.
process.on("disconnect", () => {
  void started.then((server) => server?.stop()).finally(() => process.exit());
});
const started = start();

started.then(
  (server) => process.connected && process.send!({ port: server?.port }),
  ({ message }: Error) => process.connected && process.send!({ error: message }),
);
