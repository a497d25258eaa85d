/** Imports point the way that the architecture allows, and an import that does not is found. */

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

// Compiled to <out>/test, beside the root's own test folder.
const root = fileURLToPath(new URL("../../", import.meta.url));

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

function cruise(folder: string): Cruise {
  const cli = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const places = ["src", "domains", "projections", "tools"].filter((place) => existsSync(join(folder, place)));
  const { stdout, stderr } = spawnSync(process.execPath, [cli, "--output-type", "json", ...places], {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stderr, "dependency-cruiser ran").to.not.match(/error/i);
  return JSON.parse(stdout) as Cruise;
}

const violationsOf = ({ summary }: Cruise) =>
  summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`);

/** A small tree full of forbidden imports. */
const planted: Record<string, string> = {
  "src/errors.ts": "export const errors = 1;\n",
  "src/index.ts": 'export * from "./errors.js";\nexport * from "./message/message.js";\n',
  "src/message/message.ts": 'import "../errors.js";\nimport "../store/store.js";\nexport const message = 1;\n',
  "src/store/store.ts": 'import "../projection/projection.js";\nimport express from "express";\nexport { express };\n',
  "src/projection/projection.ts": "export type Row = object;\n",
  "src/model/model.ts": 'import type { Row } from "../projection/projection.js";\nexport type Model = Row;\n',
  "src/query/query.ts":
    'import "../index.js";\nimport "../../domains/alpha/index.js";\nimport "express";\nimport "fast-check";\n',
  "src/reactor/first.ts": 'import "./second.js";\nexport const first = 1;\n',
  "src/reactor/second.ts": 'import "./third.js";\nexport const second = 1;\n',
  "src/reactor/third.ts": 'import { first } from "./first.js";\nexport const third = first;\n',
  "src/utility/utility.ts": 'import "../errors.js";\n',
  "src/testing/testing.ts": 'import "chai";\nexport const testing = 1;\n',
  "domains/alpha/index.ts":
    'import "../../src/index.js";\nimport "./alpha.js";\nimport "class-validator";\nimport "inversify";\n',
  "domains/alpha/alpha.ts": 'import Database from "better-sqlite3";\nexport { Database };\n',
  "domains/beta/index.ts": 'import type { Event } from "../alpha/events.js";\nexport type Beta = Event;\n',
  "domains/alpha/events.ts": "export interface Event {}\n",
  "domains/beta/inside.ts": 'import "../../src/message/message.js";\n',
  "projections/totals.ts":
    'import "../src/index.js";\nimport "../domains/alpha/index.js";\nimport "../domains/alpha/alpha.js";\n',
  "tools/start.ts":
    'import "../src/store/store.js";\nimport "../src/testing/testing.js";\nimport "../nowhere.js";\nimport "../test/some.js";\n',
  "test/some.ts": "export {};\n",
};

/** What each of them is to be reported as. */
const violations: Record<string, string> = {
  "a domain that imports another domain, if only a type":
    "domain-alone: domains/beta/index.ts → domains/alpha/events.ts",
  "a domain that looks behind the front door": "domain-front-door: domains/beta/inside.ts → src/message/message.ts",
  "a domain that imports a driver": "library-better-sqlite3: domains/alpha/alpha.ts → better-sqlite3/",
  "a projection that looks into a domain": "projection-front-door: projections/totals.ts → domains/alpha/alpha.ts",
  "the store that imports projections": "src-store: src/store/store.ts → src/projection/projection.ts",
  "the store that serves HTTP": "library-express: src/store/store.ts → express/",
  "messages that import the store": "src-message: src/message/message.ts → src/store/store.ts",
  "the model that imports a projection's type": "src-model: src/model/model.ts → src/projection/projection.ts",
  "machinery that imports a domain": "src-not-outside: src/query/query.ts → domains/alpha/index.ts",
  "machinery that imports the front door": "src-front-door: src/query/query.ts → src/index.ts",
  "the row of the front door, which stands in no row": "src-query: src/query/query.ts → src/index.ts",
  "a development dependency in the product": "no-dev-dependency: src/query/query.ts → fast-check/",
  "a folder of src that is not in the table": "src-folder-in-table: src/utility/utility.ts → src/errors.ts",
  "a cycle": "no-cycle: src/reactor/",
  "the test language in a tool": "testing-for-tests: tools/start.ts → src/testing/testing.ts",
  "a test in a tool": "not-to-test: tools/start.ts → test/some.ts",
  "an import that leads nowhere": "resolvable: tools/start.ts → ../nowhere.js",
};

describe("the architecture", function () {
  this.timeout(60_000);

  it("allows every import that there is", () => {
    const found = cruise(root);
    const sources = found.modules.map(({ source }) => source);
    expect(sources).to.include.members([
      "src/index.ts",
      "src/store/memory/memory-event-store.ts",
      "domains/ordering/order.ts",
      "projections/order-to-cash.ts",
      "tools/start.ts",
    ]);
    expect(violationsOf(found)).to.deep.equal([]);
  });

  describe("finds, where it is planted,", () => {
    let folder: string;
    let found: string[];

    before(() => {
      folder = mkdtempSync(join(tmpdir(), "rollcall-architecture-"));
      for (const name of [".dependency-cruiser.cjs", "tsconfig.json", "package.json"])
        copyFileSync(join(root, name), join(folder, name));
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      for (const [path, text] of Object.entries(planted)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      found = violationsOf(cruise(folder)).map((violation) => violation.replace(/ \S*node_modules\//, " "));
    });

    after(() => rmSync(folder, { recursive: true, force: true }));

    for (const [title, expected] of Object.entries(violations))
      it(title, () => expect(found.filter((violation) => violation.startsWith(expected))).to.have.length(1));

    it("nothing else", () => {
      const known = Object.values(violations);
      expect(found.filter((violation) => !known.some((each) => violation.startsWith(each)))).to.deep.equal([]);
    });
  });
});
