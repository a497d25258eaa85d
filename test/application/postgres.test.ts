/** The example application keeps its read models in PostgreSQL, and is the same application. */

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { PlaceOrder } from "../../domains/ordering/index.js";
import { configurationFrom, Rollcall, type Configuration } from "../../src/index.js";
import example from "../../tools/application.js";
import type { PostgresDatabase } from "../projection/postgres/database.js";
import { newSchema, postgresServer } from "../projection/postgres/shared-server.js";
import { until } from "../until.js";

describe("the example application on PostgreSQL", () => {
  let server: PostgresDatabase;
  let folder: string;
  let schema: string;
  let running: Rollcall[];
  before(async function () {
    this.timeout(60_000);
    server = await postgresServer();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-on-postgres-"));
    schema = newSchema();
    running = [];
  });
  afterEach(async () => {
    for (const rollcall of running) await rollcall.stop();
    await server.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    rmSync(folder, { recursive: true });
  });

  const open = async (readModels: string, more: NodeJS.ProcessEnv = {}) => {
    const settings = { ROLLCALL_STORE: join(folder, "log.sqlite"), ROLLCALL_PORT: "0", ...more };
    const rollcall = await Rollcall.open(example, configurationFrom({ ...settings, ROLLCALL_READ_MODELS: readModels }));
    running.push(rollcall);
    return rollcall;
  };
  const onPostgres = (more?: NodeJS.ProcessEnv) => open(server.url(`schema=${schema}`), more);
  const ask = async (rollcall: Rollcall, path: string) => {
    const response = await fetch(`${rollcall.url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const rowsOf = async ({ readModels, assembly }: Rollcall, name: string) => {
    const declared = [...assembly.projections, ...assembly.observers].find(
      ({ declaration }) => declaration.name === name,
    )!;
    return (await readModels.findRows(declared.declaration.place, { limit: 1000 })).rows;
  };

  it("answers over HTTP, is rebuilt and verified, and has the rows that it has on SQLite", async () => {
    const rollcall = await onPostgres();
    await rollcall.start();
    for (let i = 0; i < 12; i++)
      await rollcall.dispatch(PlaceOrder.of({ aggregateId: `o${i}`, total: 5 + i, currency: "EUR" }));
    await until("it is ready", async () => (await ask(rollcall, "/ready")).status === 200);
    const paid = async () => {
      const { text } = await ask(rollcall, "/read-models/order-summary?status=paid&limit=1000");
      return (JSON.parse(text) as { items: { key: string }[] }).items.map(({ key }) => key);
    };
    await until("most orders are paid", async () => (await paid()).length >= 6);
    const status = await ask(rollcall, "/status");
    expect(status.text).to.contain("order-summary");
    for (const shown of [status.text, inspect(rollcall, { depth: 12 })]) expect(shown).not.to.contain(server.password);
    await rollcall.stop();
    running.pop();

    const again = await onPostgres({ ROLLCALL_ROLES: "http" });
    for (const result of await again.rebuildTogether(again.readModelNames)) expect(result.status).to.equal("fulfilled");
    expect((await again.verifyProjection("order-summary")).differences).to.deep.equal([]);
    expect((await again.verify("order-to-cash")).differences).to.deep.equal([]);

    const onSqlite = await open(join(folder, "rows.sqlite"), { ROLLCALL_ROLES: "http" });
    await onSqlite.rebuildTogether(onSqlite.readModelNames);
    for (const name of again.readModelNames)
      expect(await rowsOf(again, name), name).to.deep.equal(await rowsOf(onSqlite, name));
    expect(await rowsOf(again, "order-summary")).to.have.length(12);
  }).timeout(60_000);

  it("takes the credentials out of what it says of its settings, and takes them as they are stated", async () => {
    const stated: Partial<Configuration> = configurationFrom({
      ROLLCALL_STORE: "memory:",
      ROLLCALL_READ_MODELS: server.url(`schema=${schema}`),
    });
    expect(stated.readModels).to.equal(`postgres://127.0.0.1:${server.port}/${server.database}?schema=${schema}`);
    expect(stated.readModelsAccess?.user).to.equal("postgres");
    expect(inspect(stated, { depth: 9, showHidden: true }) + JSON.stringify(stated)).not.to.contain(server.password);
    const rollcall = await Rollcall.open(example, stated);
    running.push(rollcall);
    await rollcall.rebuild("order-summary");
    expect(await rowsOf(rollcall, "order-summary")).to.deep.equal([]);
  });

  it("puts what is to stand beside the read models where those would be", async () => {
    const before = process.cwd();
    await (await Rollcall.open(example, { store: join(folder, "log.sqlite"), readModels: "memory:" })).stop();
    process.chdir(folder);
    try {
      await onPostgres({ ROLLCALL_READ_ONLY: "true", ROLLCALL_ROLES: "observer" });
      expect(readdirSync(join(folder, ".rollcall"))).to.include("read-models.observers.sqlite");
      expect(existsSync(join(folder, ".rollcall", "read-models.sqlite"))).to.equal(false);
    } finally {
      process.chdir(before);
    }
  });
});
