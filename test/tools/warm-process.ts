/** A process that runs commands to their ends, one after the other, with all loaded that they share: `warm-commands.ts` starts it. */

import { pathToFileURL } from "node:url";
import type { Ended } from "./command.js";

export interface Asked {
  /** The file of the command. */
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

const output = { stdout: "", stderr: "" };
let exited: () => void = () => {};
let count = 0;

for (const name of ["stdout", "stderr"] as const) {
  const stream = process[name];
  // Each command listens for errors, and never stops: its process would end.
  stream.setMaxListeners(0);
  stream.write = (chunk: string | Uint8Array, ...more: unknown[]) => {
    output[name] += String(chunk);
    const written = more.at(-1);
    if (typeof written === "function") process.nextTick(written);
    return true;
  };
}
process.exit = ((code?: number) => {
  process.exitCode = code ?? process.exitCode;
  exited();
}) as typeof process.exit;

async function run({ file, args, folder, environment }: Asked): Promise<Ended> {
  Object.assign(output, { stdout: "", stderr: "" });
  process.exitCode = undefined;
  process.argv = [process.execPath, file, ...args];
  process.env = { ...environment };
  process.chdir(folder);
  const end = new Promise<void>((resolve) => (exited = resolve));
  // What commands import stays; the command itself is another module each time.
  await Promise.race([import(`${pathToFileURL(file).href}?${count++}`), end]);
  return { code: Number(process.exitCode ?? 0), ...output };
}

process.on("message", (asked: Asked) => {
  void run(asked).then((ended) => process.send!(ended));
});
