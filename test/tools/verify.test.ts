/** The verify command, and the dry run of a rebuild: what they find is damage that was done on purpose. */

import { join } from "node:path";
import Database from "better-sqlite3";
import { expect } from "chai";
import { openSqliteEventStore } from "../../src/store/index.js";
import { commands } from "./command.js";

describe("the verify command", function () {
  this.timeout(60_000);
  const to = commands();

  /** Orders without payment, one row each. */
  const place = async (count: number) => {
    const store = await openSqliteEventStore({ file: join(to.folder, ".rollcall/log.sqlite") });
    for (let n = 0; n < count; n++)
      await store.append(
        `order-${n}`,
        [
          {
            id: `event-${n}`,
            type: "ordering.OrderPlaced",
            data: { total: 1, currency: "EUR" },
            metadata: { $correlationId: `case-${n}`, schemaVersion: 2 },
          },
        ],
        { expectedRevision: "no_stream" },
      );
    await store.close();
  };

  /** Changes the rows that serve, as no program of ours would. */
  const spoil = (sql: (table: string) => string) => {
    const db = new Database(join(to.folder, ".rollcall/read-models.sqlite"));
    const id = db
      .prepare("SELECT id FROM generation WHERE name = 'order-summary' AND state = 'active'")
      .pluck()
      .get() as number;
    db.exec(sql(`rows_${id}`));
    db.close();
  };

  beforeEach(async () => {
    await place(30);
    expect((await to.end("rebuild", ["--all"])).code).to.equal(0);
  });

  it("says that history gives what serves, of projections and of observers", async () => {
    const { code, stdout, stderr } = await to.run("verify", ["--all"]).ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(stdout).to.match(
      /^order-summary \(version \d+\): 30 rows from 30 events, up to position 30: all as served\.\n.*order-to-cash.*\n.*loan-applications.*\n$/,
    );
    const json = await to.end("verify", ["order-summary", "--json"]);
    expect(JSON.parse(json.stdout)).to.deep.include({ equal: true });
  });

  it("names every row that differs and what of it, changes nothing, and a rebuild mends it", async () => {
    spoil(
      (table) => `
        UPDATE ${table} SET doc = json_set(doc, '$.status', 'paid') WHERE key = 'case-3';
        DELETE FROM ${table} WHERE key = 'case-7';
        INSERT INTO ${table} (key, doc) VALUES ('case-new', '{"status":"placed"}');`,
    );
    for (const command of [
      () => to.run("verify", ["order-summary"]).ended,
      () => to.end("rebuild", ["order-summary", "--dry-run"]),
    ]) {
      const { code, stdout, stderr } = await command();
      expect({ code, stderr }).to.deep.equal({ code: 1, stderr: "" });
      expect(stdout).to.include("1 added, 1 removed, 1 changed.");
      expect(stdout).to.include('\n  ~ "case-3": status\n  + "case-7"\n  - "case-new"\n');
      expect(stdout).to.include("the rows are spoilt: rebuild it");
    }
    const { code, stdout } = await to.end("verify", ["order-summary", "--json"]);
    expect(code).to.equal(1);
    const { equal, results } = JSON.parse(stdout) as { equal: boolean; results: { differences: unknown[] }[] };
    expect(equal).to.equal(false);
    expect(results[0]!.differences).to.deep.equal([
      { key: "case-3", change: "changed", fields: ["status"] },
      { key: "case-7", change: "added" },
      { key: "case-new", change: "removed" },
    ]);
    expect((await to.end("rebuild", ["order-summary"])).code).to.equal(0);
    expect((await to.end("verify", ["order-summary"])).code).to.equal(0);
  });

  it("names the first twenty rows of a dry run, and all with --diff", async () => {
    spoil((table) => `DELETE FROM ${table}`);
    const dryRun = (...more: string[]) => to.end("rebuild", ["order-summary", "--dry-run", ...more]);
    const short = (await dryRun()).stdout;
    expect(short.match(/^ {2}\+ "case-/gm)).to.have.length(20);
    expect(short).to.include("… and 10 more: --diff names them all.");
    expect((await dryRun("--diff")).stdout.match(/^ {2}\+ "case-/gm)).to.have.length(30);
  });

  it("compares a sample of the rows, which its seed draws again, and other rows with another seed", async () => {
    spoil((table) => `UPDATE ${table} SET doc = json_set(doc, '$.status', 'paid')`);
    const found = async (...more: string[]) => {
      const { stdout } = await to.end("verify", ["order-summary", "--json", ...more]);
      const [result] = (JSON.parse(stdout) as { results: { rows: number; differences: { key: string }[] }[] }).results;
      expect(result!.differences).to.have.length(result!.rows);
      return result!.differences.map(({ key }) => key);
    };
    const drawn = await found("--sample", "40%", "--seed", "a");
    expect(drawn.length).to.be.within(3, 21);
    expect(await found("--sample", "0.4", "--seed", "a")).to.deep.equal(drawn);
    expect(await found("--sample", "40%", "--seed", "b")).to.not.deep.equal(drawn);
    expect(await found("--sample", "100%")).to.have.length(30);
  });

  it("verifies again and again until Ctrl-C, and ends with 1 if it ever found a difference", async () => {
    const watching = to.run("verify", ["order-summary", "--every", "0.2s", "--json"]);
    await watching.prints(/"equal":true.*\n.*"equal":true/);
    spoil((table) => `DELETE FROM ${table} WHERE key = 'case-7'`);
    await watching.prints(/"equal":false/);
    expect((await watching.interrupt()).code).to.equal(1);
  });

  it("refuses wrong usage, and names what it does not know", async () => {
    expect((await to.end("verify", [])).stderr).to.include("or say --all");
    expect((await to.end("verify", ["--all", "--sample", "200%"])).stderr).to.include("such as 5% or 0.05");
    expect((await to.end("verify", ["--all", "--every", "soon"])).stderr).to.include("such as 30s");
    expect((await to.end("verify", ["--all", "--seed", "a"])).stderr).to.include("Say --seed with --sample.");
    expect((await to.end("verify", ["order-sumary"])).stderr).to.include("order-sumary");
    expect((await to.end("rebuild", ["order-to-cash", "--dry-run"])).stderr).to.include(
      "npm run observe -- backfill order-to-cash --dry-run",
    );
    expect((await to.end("rebuild", ["--all", "--diff"])).stderr).to.include("Say --diff with --dry-run.");
  });
});
