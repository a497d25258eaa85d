/** A third participant joins: a folder of its own, its registration and a line in an observer; no other file changes. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import { PlaceOrder } from "../../domains/ordering/index.js";
import {
  caseRow,
  flagTypePrefix,
  Rollcall,
  type ApplicationDefinition,
  type Case,
  type FlagData,
} from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { until } from "../until.js";
import { shippingSources } from "./shipping-sources.js";

/** Where everything was compiled to; `src` and `domains` are there as whoever installed them would find them. */
const built = fileURLToPath(new URL("../../", import.meta.url));
const repository = join(built, "..");

/** Every file of the framework and of the participants that were there before, with its content's digest. */
function untouched(): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const place of ["src", "domains/ordering", "domains/billing"])
    for (const entry of readdirSync(join(repository, place), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) {
        const file = join(entry.parentPath, entry.name);
        const content = readFileSync(file);
        expect(content.toString(), `${file} knows nothing of the newcomer`).to.not.match(/shipping/i);
        digests[file] = createHash("sha256").update(content).digest("hex");
      }
  return digests;
}

function compile(folder: string): void {
  const tsconfig = {
    extends: "../../tsconfig.json",
    compilerOptions: { rootDir: ".", outDir: ".", incremental: false, tsBuildInfoFile: null, declaration: false },
    include: ["**/*.ts"],
    exclude: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig));
  const tsc = join(repository, "node_modules/typescript-native/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  expect(stdout, "the newcomer compiles").to.equal("");
  expect(status).to.equal(0);
}

describe("a third participant", function () {
  this.timeout(60_000);
  let folder = "";
  let asItWas: Record<string, string>;

  before("is written and compiled", () => {
    asItWas = untouched();
    folder = mkdtempSync(join(built, "newcomer-"));
    for (const [path, content] of Object.entries(shippingSources)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    compile(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("needs no other domain, only the framework", () => {
    for (const [path, content] of Object.entries(shippingSources))
      if (path.startsWith("domains/"))
        for (const [, from] of content.matchAll(/ from "([^"]+)"/g))
          expect(from, path).to.match(/^(\.\/[a-z-]+\.js|\.\.\/\.\.\/\.\.\/src\/index\.js|class-validator|inversify)$/);
  });

  it("takes part, and its counterpart that did not come is flagged, although no other file was touched", async () => {
    const url = pathToFileURL(join(folder, "application.js")).href;
    const { default: definition } = (await import(url)) as { default: ApplicationDefinition };
    const clock = new ManualClock();
    const http = { host: "127.0.0.1", port: 0 };
    const rollcall = await Rollcall.open(definition, { store: "memory:", readModels: "memory:", http }, { clock });
    try {
      await rollcall.start();
      const caseOf = async (order: string) => {
        const { correlationId } = await rollcall.dispatch(
          PlaceOrder.of({ aggregateId: order, total: 5, currency: "EUR" }),
        );
        return correlationId;
      };
      const [lost, sent] = [await caseOf("lost-1"), await caseOf("sent-1")];
      const statusOf = async (name: string) =>
        ((await rollcall.readModels.findRow("order-to-door", caseRow(name))) as Case | undefined)?.status;
      await until("the shipped order is settled", async () => (await statusOf(sent)) === "settled");
      await until("the other one is paid", async () => {
        const { slots } = (await rollcall.readModels.findRow("order-to-door", caseRow(lost))) as Case;
        return slots["payment"]?.state === "MET";
      });
      expect(await statusOf(lost)).to.equal("open");

      await clock.advance(30_000);
      expect(await statusOf(lost)).to.equal("open");
      await clock.advance(1_000);
      await until("the lost shipment is flagged", async () => (await statusOf(lost)) === "flagged");
      const flags: { kind: string; data: FlagData }[] = [];
      for await (const page of rollcall.store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
        for (const { type, data } of page)
          flags.push({ kind: type.slice(flagTypePrefix.length), data: data as FlagData });
      expect(flags).to.have.length(1);
      expect(flags[0]!.kind).to.equal("Missing");
      expect(flags[0]!.data).to.include({ observer: "order-to-door", slot: "shipment", case: lost });
      const cases = (await (await fetch(`${rollcall.url}/observers/order-to-door/cases?status=flagged`)).json()) as {
        items: unknown[];
      };
      expect(cases.items).to.have.length(1);
      expect(rollcall.assembly.roles).to.include("shipping");
    } finally {
      await rollcall.stop();
    }
    expect(untouched()).to.deep.equal(asItWas);
  });
});
