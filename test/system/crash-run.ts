/** One folder of files and the processes that live and die on it, one after the other. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { temporaryFolder } from "../tools/xes-file.js";
import type { CrashTask } from "./crash-child.js";
import type { Kill } from "./crash-hooks.js";

const childFile = fileURLToPath(new URL("./crash-child.js", import.meta.url));

/** What a process says, a JSON object a line. */
export type Said = { readonly kind: string } & Readonly<Record<string, string>>;

/** Killed by its parent, so long after it has acknowledged so many commands. */
export interface OutsideKill {
  readonly acknowledged: number;
  readonly afterMs: number;
}

/** Longest that a process may take to come to its end, or to the call at which it is killed. */
const patienceMs = 30_000;

export class CrashRun {
  readonly folder = temporaryFolder();
  /** Of all lives. */
  readonly said: Said[] = [];

  constructor(readonly seed: number) {}

  get path(): string {
    return this.folder.path;
  }

  saidOf(kind: string): Said[] {
    return this.said.filter((each) => each.kind === kind);
  }

  /** A life that ends at the n-th of some call. */
  async killedAt(kill: Kill, task: Omit<CrashTask, "folder" | "seed">): Promise<void> {
    const { signal, said } = await this.live({ ...task, kill });
    expect(signal, `the end at ${JSON.stringify(kill)}`).to.equal("SIGKILL");
    expect(said.at(-1), `the last word, at ${JSON.stringify(kill)}`).to.deep.equal({ kind: "kill", ...kill });
  }

  /** A life that ends at a moment that it knows nothing of: it may be inside of a transaction. */
  async killedFromOutside(
    { acknowledged, afterMs }: OutsideKill,
    task: Omit<CrashTask, "folder" | "seed">,
  ): Promise<void> {
    let count = 0;
    const { signal } = await this.live(task, ({ kind }, end) => {
      if (kind === "acknowledged" && ++count === acknowledged) setTimeout(end, afterMs);
    });
    expect(count, "acknowledged").to.be.at.least(acknowledged);
    expect(signal, "the end").to.equal("SIGKILL");
  }

  /** A life that comes to its end. */
  async finished(task: Omit<CrashTask, "folder" | "seed">): Promise<void> {
    const { code, signal, said } = await this.live({ ...task, finish: true });
    expect({ code, signal, last: said.at(-1)?.kind }).to.deep.equal({ code: 0, signal: null, last: "done" });
  }

  private async live(
    task: Omit<CrashTask, "folder" | "seed">,
    hear: (said: Said, end: () => void) => void = () => undefined,
  ) {
    const { path: folder, seed } = this;
    const argument = JSON.stringify({ ...task, folder, seed } satisfies CrashTask);
    const child = spawn(process.execPath, [childFile, argument], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const end = () => void child.kill("SIGKILL");
    const patience = setTimeout(end, patienceMs);
    const said: Said[] = [];
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        said.push(JSON.parse(line) as Said);
        hear(said.at(-1)!, end);
      }
    });
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    clearTimeout(patience);
    this.said.push(...said);
    return { code, signal, said };
  }
}
