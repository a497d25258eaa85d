/** `tools/start.js` as a process of its own, to be killed and started again, and a client that does not give up. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until } from "../until.js";

const startFile = fileURLToPath(new URL("../../tools/start.js", import.meta.url));
const applicationFile = fileURLToPath(new URL("./quick-application.js", import.meta.url));

export interface ServiceFiles {
  readonly store: string;
  readonly readModels: string;
}

export class Service {
  /** Where HTTP listens; of the present life. */
  url: string | undefined;
  /** Of each subscription, in the present life. */
  readonly states = new Map<string, string>();
  /** What was said on standard error, and subscriptions that stopped, in any life. */
  readonly troubles: string[] = [];
  private child: ChildProcess | undefined;
  private exited: Promise<unknown[]> | undefined;

  constructor(
    private readonly files: ServiceFiles,
    /** Separated by commas; everything when empty. */
    private readonly roles: string,
    private readonly leaseMs = 500,
  ) {}

  async start(): Promise<void> {
    this.url = undefined;
    this.states.clear();
    const child = spawn(process.execPath, [startFile, "--app", applicationFile, "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        ROLLCALL_STORE: this.files.store,
        ROLLCALL_READ_MODELS: this.files.readModels,
        ROLLCALL_ROLES: this.roles,
        ROLLCALL_LEASE_MS: String(this.leaseMs),
        ROLLCALL_PORT: "0",
      },
    });
    this.child = child;
    this.exited = once(child, "close");
    child.stderr.setEncoding("utf8").on("data", (text: string) => void this.troubles.push(text));
    let started = false;
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const { kind, url, name, state, error } = JSON.parse(line) as Record<string, string>;
        if (kind === "started") [started, this.url] = [true, url];
        if (kind !== "subscription") continue;
        this.states.set(name!, state!);
        if (state === "stopped") this.troubles.push(`${name} stopped: ${error}`);
      }
    });
    await until("the service has started", () => started || child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`The service ended: ${this.troubles.join("")}`);
  }

  async kill(): Promise<void> {
    this.child!.kill("SIGKILL");
    await this.exited;
  }

  /** It stands still in the middle of whatever it does, as a machine that swaps, or is moved, does. */
  stall(): void {
    this.child!.kill("SIGSTOP");
  }

  /** It goes on as if no time had passed. */
  wake(): void {
    this.child!.kill("SIGCONT");
  }

  /** Asks it to stop; returns its exit code. */
  async stop(): Promise<unknown> {
    this.child!.kill("SIGTERM");
    return (await this.exited!)[0];
  }

  /** Every subscription of it, of which there is one at least, is in this state. */
  isWholly(state: string): boolean {
    return this.states.size > 0 && [...this.states.values()].every((each) => each === state);
  }
}

/** The answer to a command that was acknowledged. */
export interface Acknowledged {
  readonly commandId: string;
  readonly streamName: string;
  readonly position: string;
}

/** Sends a command again, with the same key, until a service acknowledges it: it may be dead at the moment. */
export async function send(
  services: readonly Service[],
  type: string,
  key: string,
  body: object,
  patienceMs = 20_000,
): Promise<Acknowledged> {
  for (const deadline = Date.now() + patienceMs; ; await sleep(50)) {
    let found: unknown = "no answer";
    for (const { url } of services) {
      if (!url) continue;
      try {
        const response = await fetch(`${url}/commands/${type}`, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": key },
          body: JSON.stringify(body),
        });
        if (response.ok) return (await response.json()) as Acknowledged;
        found = `${response.status} ${await response.text()}`;
        if (response.status < 500) throw new Error(`${type} was refused: ${String(found)}`);
      } catch (error) {
        // What a connection that breaks throws is a TypeError with a cause; anything else is not to be retried.
        if (!(error instanceof TypeError)) throw error;
        found = error.cause;
      }
    }
    if (Date.now() > deadline) throw new Error(`${type} was not acknowledged: ${String(found)}`);
  }
}
