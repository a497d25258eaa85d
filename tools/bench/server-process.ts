/** A server in a process of its own, which says where it listens in one line of JSON. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** The first line that it said. */
    readonly said: Readonly<Record<string, unknown>>,
  ) {}

  /** Starts `script`, a path below `tools`. */
  static start(script: string, args: readonly string[]): Promise<ServerProcess> {
    return ServerProcess.startFile(fileURLToPath(new URL(`../${script}`, import.meta.url)), args);
  }

  /** Starts a script that lies anywhere. */
  static async startFile(file: string, args: readonly string[]): Promise<ServerProcess> {
    const child = spawn(process.execPath, ["--enable-source-maps", file, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout }))
      return new ServerProcess(child, JSON.parse(line) as Record<string, unknown>);
    throw new Error(`${file} ended before it said where it listens.`);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, "exit");
    this.child.kill();
    await exited;
  }
}
