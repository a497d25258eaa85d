/** The development server as a process of its own, which can be killed and started again on its port and file. */

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunningCommand, type Ended } from "../tools/command.js";

const script = fileURLToPath(new URL("../../tools/eventstore.js", import.meta.url));

export class ServerProcess {
  connectionString = "";
  /** The same after a restart. */
  port = 0;
  #command: RunningCommand | undefined;

  private constructor(
    readonly folder: string,
    private readonly args: readonly string[],
  ) {}

  /** Resolves when it listens; to be removed at the end. `args` are passed to the command, besides file and port. */
  static async start(args: readonly string[] = []): Promise<ServerProcess> {
    const server = new ServerProcess(await mkdtemp(join(tmpdir(), "rollcall-eventstore-")), args);
    await server.start();
    return server;
  }

  get file(): string {
    return join(this.folder, "log.sqlite");
  }

  get pid(): number {
    return this.#command!.child.pid!;
  }

  /** Again, on the same port and file. */
  async start(): Promise<void> {
    const args = [script, "--json", "--port", String(this.port), "--file", this.file, ...this.args];
    const command = new RunningCommand(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] }));
    this.#command = command;
    await command.prints(/"kind":"started".*\n/);
    const [started] = command.lines("started");
    this.port = started!["port"] as number;
    this.connectionString = started!["connectionString"] as string;
  }

  /** Resolves when the process has ended. */
  kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Ended> {
    return this.#command!.hasEnded ? this.#command!.ended : this.#command!.interrupt(signal);
  }

  async restart(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.kill(signal);
    await this.start();
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
