/** A command of `tools`, in a folder of its own. */

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { soaking } from "../runs.js";
import { until } from "../until.js";
import { runWarm } from "./warm-commands.js";

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
  const fileOf = (tool: string) => fileURLToPath(new URL(`../../tools/${tool}.js`, import.meta.url));
  const inFull = (environment: NodeJS.ProcessEnv) => {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("ROLLCALL_"));
    return { ...Object.fromEntries(inherited), ROLLCALL_PORT: "0", ...environment };
  };
  const run = (tool: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): RunningCommand => {
    const command = new RunningCommand(
      spawn(process.execPath, [fileOf(tool), ...args], {
        cwd: folder,
        env: inFull(environment),
        stdio: ["ignore", "pipe", "pipe"],
      }),
    );
    running.push(command);
    return command;
  };

  return {
    get folder() {
      return folder;
    },
    /** Starts a command, in a process of its own. */
    run,
    /**
     * Runs a command to its end. In `npm test` many share a process, as long as they share the application, too, which
     * reads variables of its own once; in `npm run soak` each has one of its own.
     */
    end(tool: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
      const isOwn = Object.keys(environment).some((name) => !name.startsWith("ROLLCALL_"));
      if (soaking || isOwn) return run(tool, args, environment).ended;
      return runWarm({ file: fileOf(tool), args, folder, environment: inFull(environment) });
    },
  };
}
