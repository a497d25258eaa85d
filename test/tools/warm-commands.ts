/** Commands run to their ends in one process that loads what they share once, and not once a command, which takes a second. */

import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { atEnd } from "../at-end.js";
import type { Ended } from "./command.js";
import type { Asked } from "./warm-process.js";

const file = fileURLToPath(new URL("./warm-process.js", import.meta.url));
let warm: ChildProcess | undefined;
let before: Promise<unknown> = Promise.resolve();

/** Ends with what the command printed, and its exit code. @throws when the process dies of the command */
export function runWarm(asked: Asked): Promise<Ended> {
  const ended = before.then(() => answer(asked));
  before = ended.catch(() => undefined);
  return ended;
}

async function answer(asked: Asked): Promise<Ended> {
  const child = (warm ??= start());
  const answered = new AbortController();
  const died = once(child, "exit", answered).then(() => {
    throw new Error(`The process of commands died of ${asked.file} ${asked.args.join(" ")}`);
  });
  child.send(asked);
  try {
    const [ended] = (await Promise.race([once(child, "message", answered), died])) as [Ended];
    return ended;
  } finally {
    answered.abort();
  }
}

function start(): ChildProcess {
  const child = fork(file, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const exited = once(child, "exit").then(() => {
    if (warm === child) warm = undefined;
  });
  atEnd(() => {
    child.kill("SIGKILL");
    return exited;
  });
  return child;
}
