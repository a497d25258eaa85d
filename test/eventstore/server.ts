/** A development server in this process, on a port of its own, over a file that outlives it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownCertificate } from "../../tools/eventstore/certificate.js";
import {
  startDevelopmentServer,
  type DevelopmentServer,
  type DevelopmentServerOptions,
} from "../../tools/eventstore/development-server.js";
import type { RecordLog } from "../../tools/eventstore/record-log.js";

export interface TestServerOptions extends Partial<Omit<DevelopmentServerOptions, "tls">> {
  /** With a certificate of its own. */
  readonly tls?: boolean;
}

export class TestServer {
  /** The same after a restart. */
  port = 0;
  connectionString = "";
  #running: DevelopmentServer | undefined;

  private constructor(
    readonly folder: string,
    private readonly options: TestServerOptions,
  ) {}

  /** To be removed at the end. */
  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-eventstore-"));
    const server = new TestServer(folder, options);
    await server.start();
    return server;
  }

  get file(): string {
    return this.options.file ?? join(this.folder, "log.sqlite");
  }

  /** What clients have to trust, with `tls`. */
  get caFile(): string {
    return join(this.folder, "certificate.crt");
  }

  /** Of the server that runs. */
  get log(): RecordLog {
    return this.running.log;
  }

  get running(): DevelopmentServer {
    if (!this.#running) throw new Error("The server does not run.");
    return this.#running;
  }

  /** Again, on the same port and file. */
  async start(): Promise<void> {
    const { tls, ...options } = this.options;
    this.#running = await startDevelopmentServer({
      ...options,
      file: this.file,
      port: this.port,
      ...(tls && { tls: await ownCertificate(join(this.folder, "certificate")) }),
    });
    this.port = this.#running.port;
    this.connectionString = this.#running.connectionString;
  }

  /** Ends with grace; the file stays. */
  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Ends every call at once; the file stays. */
  async kill(): Promise<void> {
    await this.#running?.kill();
    this.#running = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops it, and removes its folder. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
