/** Where a process can be killed: before and after each call by which the application changes something outside of it. */

import { writeSync } from "node:fs";
import type { EventStore, Generation, Rollcall } from "../../src/index.js";
import type { QuickGateway } from "./quick-application.js";

export const callNames = [
  "append of facts",
  "append of flags",
  "append of a tick",
  "commit of order-summary",
  "commit of quick-cash",
  "checkpoint of the reactor",
  "request to the provider",
  "creation of a generation",
  "commit of a rebuild",
  "activation",
] as const;
export type CallName = (typeof callNames)[number];

/** The n-th call of this name, from 1. `during`: in the turn of the event loop after it was made. */
export interface Kill {
  readonly call: CallName;
  readonly when: "before" | "during" | "after";
  readonly nth: number;
}

/** Synchronous, so that what was said is said when the process dies right afterwards. */
export const say = (kind: string, fields: object = {}): void =>
  void writeSync(1, `${JSON.stringify({ kind, ...fields })}\n`);

const die = (kill: Kill) => {
  say("kill", kill);
  process.kill(process.pid, "SIGKILL");
};

export class KillSwitch {
  private calls = 0;

  constructor(private readonly kill: Kill | undefined) {}

  /** Puts the switch around the ports of an application that was opened and not started yet. */
  guard({ store, readModels }: Rollcall): void {
    this.guardStore(store);
    this.around(readModels, "commit", ({ state, name }: Generation) =>
      state === "building" ? "commit of a rebuild" : (`commit of ${name}` as CallName),
    );
    this.around(readModels, "saveCheckpoint", () => "checkpoint of the reactor");
    this.around(readModels, "createBuilding", () => "creation of a generation");
    this.around(readModels, "activate", () => "activation");
  }

  guardStore(store: EventStore): void {
    this.around(store, "append", (stream: string) =>
      stream.startsWith(`rollcall.flags-`)
        ? "append of flags"
        : stream === "rollcall.clock"
          ? "append of a tick"
          : "append of facts",
    );
  }

  guardGateway(gateway: QuickGateway): QuickGateway {
    this.around(gateway, "request", () => "request to the provider");
    return gateway;
  }

  /** In place: whoever holds the port calls the guarded method. */
  private around<P extends object, M extends keyof P>(
    port: P,
    method: M,
    nameOf: (...args: P[M] extends (...args: infer A) => unknown ? A : never) => CallName,
  ): void {
    const call = (port[method] as (...args: unknown[]) => Promise<unknown>).bind(port);
    const guarded = (...args: unknown[]): Promise<unknown> => {
      const { kill } = this;
      const isTheOne =
        kill?.call === (nameOf as (...args: unknown[]) => CallName)(...args) && ++this.calls === kill.nth;
      if (!isTheOne) return call(...args);
      if (kill.when === "before") die(kill);
      const answer = call(...args);
      if (kill.when === "during") setImmediate(() => die(kill));
      return kill.when === "after" ? answer.finally(() => die(kill)) : answer;
    };
    Object.assign(port, { [method]: guarded });
  }
}
