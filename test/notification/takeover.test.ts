/** A notification whose process is killed, or that several processes have: nothing is lost, and nothing told at random. */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  flagCategoryOf,
  openSqliteEventStore,
  randomId,
  type EventStore,
  type ReadModelStore,
} from "../../src/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { Gates } from "../reactor/charging.js";
import { until } from "../until.js";
import { Flagging, telling } from "./flagging.js";
import { Receiver, secret } from "./receiver.js";

const program = fileURLToPath(new URL("./telling-process.js", import.meta.url));

describe("a notification of several processes", function () {
  this.timeout(30_000);

  describe("that are killed", () => {
    let folder: string;
    let receiver: Receiver;
    let store: EventStore;
    let readModels: ReadModelStore;
    let children: ChildProcess[];
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), "rollcall-notification-"));
      store = await openSqliteEventStore({ file: join(folder, "log.sqlite") });
      readModels = await openSqliteReadModelStore({ file: join(folder, "read-models.sqlite") });
      receiver = await Receiver.start();
      children = [];
    });
    afterEach(async () => {
      for (const child of children) child.kill("SIGKILL");
      await receiver.close();
      await store.close();
      await readModels.close();
      rmSync(folder, { recursive: true });
    });

    function start(): ChildProcess {
      const child = spawn(process.execPath, [program, folder, receiver.url, secret], {
        stdio: ["pipe", "ignore", "inherit"],
      });
      children.push(child);
      return child;
    }

    async function raise(name: string): Promise<string> {
      const id = randomId();
      const data = { observer: "payments", case: name, decidedAt: new Date().toISOString() };
      await store.append(
        `${flagCategoryOf(store)}-payments-0123456789ab-${name}`,
        [{ id, type: "observer.Missing", data }],
        {
          expectedRevision: "any",
        },
      );
      return id;
    }

    it("tells a flag again, with the same id, that was delivered and not yet noted when the process died", async () => {
      const [first, second] = [await raise("a"), await raise("a")];
      const doomed = start();
      const died = once(doomed, "exit");
      receiver.answer = async ({ flag }) => {
        if (flag.id === second && receiver.ids.filter((id) => id === second).length === 1) {
          await until("the first is noted", async () => {
            const checkpoint = await readModels.loadCheckpoint("notification:ops");
            return checkpoint?.position !== undefined;
          });
          doomed.kill("SIGKILL");
          await died;
        }
        return { status: 200 };
      };
      await died;
      start();
      await until("the second is told again", () => receiver.ids.filter((id) => id === second).length === 2);
      const third = await raise("a");
      await until("the third is told", () => receiver.ids.includes(third));
      expect(receiver.ids).to.deep.equal([first, second, second, third]);
      expect(receiver.refused).to.deep.equal([]);
    });
  });

  describe("that stand by", () => {
    let to: Flagging;
    beforeEach(async () => {
      to = await Flagging.open();
    });
    afterEach(() => to.close());

    it("tells each flag once, by the one at work, until the other takes over and goes on where it stopped", async () => {
      const told: string[] = [];
      const first = to.start(telling(({ sequence }) => told.push(`first ${sequence}`)));
      await until("the first is live", () => first.state === "live");
      const second = to.start(telling(({ sequence }) => told.push(`second ${sequence}`)));
      await until("the second stands by", () => second.state === "standby");
      await to.raise("a");
      await to.finishes();
      await first.processor.stop();
      await to.raise("a");
      await to.clock.advance(10_000);
      await to.finishes();
      expect(told).to.deep.equal(["first 0", "second 1"]);
    });

    it("writes no checkpoint for one that fell silent and was taken over, and the next tells the flag again", async () => {
      const gates = new Gates();
      const told: string[] = [];
      const id = await to.raise("a");
      const { readModels } = to;
      // Its renewals and commits reach nobody, as in a process that hangs.
      const cutOff = new Proxy(readModels, {
        get: (target, name: keyof typeof readModels) =>
          name === "renew" || name === "release"
            ? async () => name === "renew"
            : (target[name] as () => void).bind(target),
      });
      const silent = to.start(
        telling(() => gates.pass("silent")),
        {},
        { readModels: cutOff },
      );
      await until("it is at work", () => gates.arrived.length === 1);
      to.start(telling((flag) => told.push(flag.id)));
      await to.clock.advance(10_000);
      await until("the other has told it", () => told.length === 1);
      await to.finishes();
      const handled = await readModels.loadCheckpoint("notification:ops");
      gates.open("silent");
      await until("the silent one has learned of it", () => silent.state === "standby");
      expect(told).to.deep.equal([id]);
      expect(await readModels.loadCheckpoint("notification:ops")).to.deep.equal(handled);
    });
  });
});
