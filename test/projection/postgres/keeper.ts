/** A process that keeps the PostgreSQL server of a run, and ends it when the run is over, or was killed. */

import { PostgresServer } from "./server.js";

const [password] = process.argv.slice(2);
const started = PostgresServer.start(password);

process.on("disconnect", () => {
  void started.then((server) => server.stop()).finally(() => process.exit());
});

started.then(
  ({ port }) => process.connected && process.send!({ port }),
  ({ message }: Error) => process.connected && process.send!({ error: message }),
);
