/** What the doctor finds on this machine: the version of Node, and room for the files. */

import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Configuration } from "../../src/index.js";
import { isEventStoreDb } from "../open-store.js";
import { ok, problem, warning, type Finding } from "./finding.js";

/** As `engines` of the package says. */
export function nodeFinding(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 14) || major >= 24;
  return isSupported
    ? ok("node", version)
    : problem("node", `${version} is not supported`, "Run Node 20.19, 22.14, 24 or later.");
}

const mebibyte = 2 ** 20;
const scarceBytes = 1024 * mebibyte;
const tooFewBytes = 100 * mebibyte;

/** One finding for each file system that holds a store. */
export async function diskFindings({
  store,
  readModels,
}: Pick<Configuration, "store" | "readModels">): Promise<Finding[]> {
  const files = [...new Set([store, readModels])].filter((place) => isFile(place));
  return Promise.all(
    files.map(async (file) => {
      const { bavail, bsize } = await statfs(existingFolderOf(file));
      return diskFinding(file, bavail * bsize);
    }),
  );
}

export function diskFinding(file: string, freeBytes: number): Finding {
  const subject = `disk of ${file}`;
  const found = `${(freeBytes / 1024 / mebibyte).toFixed(1)} GiB free`;
  const remedy =
    "Make room: a disk that is full stops appends, and a rebuild needs as much again as its read model has.";
  if (freeBytes < tooFewBytes) return problem(subject, found, remedy);
  return freeBytes < scarceBytes ? warning(subject, found, remedy) : ok(subject, found);
}

const isFile = (place: string) => !isEventStoreDb(place) && !/^(:?memory:|[a-z]+:\/\/)/.test(place);

function existingFolderOf(file: string): string {
  let folder = dirname(resolve(file));
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}
