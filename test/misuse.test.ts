/** What must not compile does not: each file of test/misuse says on its first line with which error it is refused. */

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

// Compiled to <out>/test, beside the root's own test folder.
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = "test/misuse";
const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".ts"));
const misuses = files.filter((name) => name !== "sound.ts");

describe("the compiler", () => {
  let output: string;
  let errorsByFile: Map<string, string[]>;

  before(function () {
    this.timeout(60_000);
    const tsc = join(root, "node_modules/typescript-native/bin/tsc");
    const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(stderr, "the compiler ran").to.equal("");
    expect(status, stdout).to.be.oneOf([1, 2]);
    output = stdout;
    errorsByFile = byFile(stdout);
  });

  it("knows the sound twin to be sound", () => {
    expect(files).to.include("sound.ts");
    expect(errorsByFile.get(`${folder}/sound.ts`) ?? []).to.deep.equal([]);
  });

  it("finds every module, so nothing is refused for a broken import", () => {
    expect(output).to.not.match(/TS2307|TS2305|TS2614|TS5\d\d\d|TS6053/);
  });

  it("was given every misuse that there is", () => {
    expect(misuses).to.have.length.of.at.least(21);
  });

  for (const name of misuses) {
    const [first = "", second = ""] = readFileSync(join(root, folder, name), "utf8").split("\n");

    it(`refuses ${name.replace(/\.ts$/, "")}: ${second.replace(/^\/\/ /, "")}`, () => {
      const [, code, fragment] = /^\/\/ refused: (TS\d+) (.+)$/.exec(first) ?? [];
      expect(code, `${name} states its error on its first line`).to.be.a("string");
      const errors = errorsByFile.get(`${folder}/${name}`) ?? [];
      expect(errors, "errors").to.have.length.of.at.least(1);
      const expected = errors.filter((error) => error.includes(`error ${code}:`) && error.includes(fragment!));
      expect(expected, `${code} ${fragment} among:\n${errors.join("\n")}`).to.have.length(1);
      // A decorator that is refused twice names its method, then its argument: both belong to the same mistake.
      const lines = new Set(errors.map((error) => /\((\d+),/.exec(error)?.[1]));
      expect(lines.size, errors.join("\n")).to.equal(1);
    });
  }
});

/** Each error with its indented continuation, by the file that it is about. */
function byFile(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const error of output.split(/\n(?! )/)) {
    const [, file] = /^(.+?)\(\d+,\d+\): error /.exec(error) ?? [];
    if (file) found.set(file, [...(found.get(file) ?? []), error]);
  }
  return found;
}
