/** A command of `tools` as a process of its own, in a folder of its own. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../until.js";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class RunningCommand {
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;

  constructor(readonly child: ChildProcess) {
    child.stdout!.on("data", (chunk) => (this.stdout += String(chunk)));
    child.stderr!.on("data", (chunk) => (this.stderr += String(chunk)));
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until stdout matches; what it printed is in the error otherwise. */
  prints(pattern: RegExp): Promise<RegExpExecArray> {
    return this.writes("stdout", pattern);
  }

  /** Waits until stderr matches; what it printed is in the error otherwise. */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.writes("stderr", pattern);
  }

  private async writes(output: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await until(`${this.child.spawnargs.join(" ")} prints ${String(pattern)}`, () => {
      found = pattern.exec(this[output]);
      if (!found && this.hasEnded)
        throw new Error(`It ended before it printed ${pattern}:\n${this.stdout}${this.stderr}`);
      return found !== null;
    });
    return found!;
  }

  /** The lines printed with `--json`, of one kind. */
  lines(kind: string): Record<string, unknown>[] {
    return this.stdout
      .split("\n")
      .slice(0, -1)
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Record<string, unknown>] : []))
      .filter((line) => line["kind"] === kind);
  }

  interrupt(signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** To be called inside of `describe`: each test has a folder of its own, and what still runs then is ended. */
export function commands() {
  let folder = "";
  const running: RunningCommand[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-command-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => (each.hasEnded ? each.ended : each.interrupt("SIGKILL"))));
    rmSync(folder, { recursive: true });
  });
  return {
    get folder() {
      return folder;
    },
    run(tool: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): RunningCommand {
      const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("ROLLCALL_"));
      const command = new RunningCommand(
        spawn(process.execPath, [fileURLToPath(new URL(`../../tools/${tool}.js`, import.meta.url)), ...args], {
          cwd: folder,
          env: { ...Object.fromEntries(inherited), ROLLCALL_PORT: "0", ...environment },
          stdio: ["ignore", "pipe", "pipe"],
        }),
      );
      running.push(command);
      return command;
    },
  };
}
