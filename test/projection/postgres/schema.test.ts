/** What is particular to the schema of read models in PostgreSQL: who makes it, who may, and whose it is. */

import { expect } from "chai";
import { AccessDenied, IncompatibleStore, InvalidConfiguration } from "../../../src/errors.js";
import { failure, rebuild, useStores } from "./stores.js";

describe("A PostgreSQL schema of read models", () => {
  const stores = useStores();

  const relations = () =>
    stores.server.query(
      `SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('${stores.schema}') ORDER BY relname`,
    );

  it("is made when it is not there, and found again", async () => {
    const first = await stores.open();
    await rebuild(first, [["a", { n: 1 }]]);
    await first.close();
    expect(await (await stores.open()).findRow("orders", "a")).to.deep.equal({ n: 1 });
    expect(await stores.ask("SELECT step FROM S.rollcall_migration")).to.deep.equal([{ step: 1 }, { step: 2 }]);
  });

  it("may be opened by several at once while it is new", async () => {
    const opened = await Promise.all(Array.from({ length: 5 }, () => stores.open()));
    await rebuild(opened[0]!, [["a", { n: 1 }]]);
    expect(await opened[4]!.findRow("orders", "a")).to.deep.equal({ n: 1 });
  });

  it("is called rollcall unless stated, in the URL or beside it", async () => {
    const { server } = stores;
    const opened = [
      await stores.open({ url: server.url() }),
      await stores.open({ url: server.url(), schema: "rollcall" }),
    ];
    for (const store of opened) await store.close();
    expect(await server.query("SELECT count(*)::int AS n FROM rollcall.lease")).to.deep.equal([{ n: 0 }]);
    await server.query("DROP SCHEMA rollcall CASCADE");
    expect(await failure(stores.open({ schema: 'a"b' }))).to.be.instanceOf(InvalidConfiguration);
  });

  it("is refused, and left as it is, when another program made it", async () => {
    await stores.server.query(`CREATE SCHEMA ${stores.schema} CREATE TABLE generation (id integer)`);
    const before = await relations();
    const error = await failure(stores.open());
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.contain("another program").and.to.contain("?schema=");
    expect(await relations()).to.deep.equal(before);
  });

  it("is refused, and left as it is, when a newer version made it", async () => {
    await (await stores.open()).close();
    await stores.ask("INSERT INTO S.rollcall_migration (step) VALUES (99)");
    const before = await relations();
    const error = await failure(stores.open());
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.contain("99").and.to.contain("newer version").and.to.contain("rebuild");
    expect(await relations()).to.deep.equal(before);
  });

  it("is refused in a database that cannot keep every text", async () => {
    const { server, schema } = stores;
    await server.query(
      `CREATE DATABASE ${schema} ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0`,
    );
    const error = await failure(stores.open({ url: server.url("", { database: schema }) }));
    await server.query(`DROP DATABASE ${schema} WITH (FORCE)`);
    expect(error).to.be.instanceOf(IncompatibleStore);
    expect(error.message).to.contain("UTF8").and.to.contain("SQL_ASCII");
  });

  it("is of no use to a user who may not create it, until somebody else has made it theirs", async () => {
    const { server, schema } = stores;
    const user = `${schema}_user`;
    await server.query(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`);
    const url = server.url(`schema=${schema}`, { user, password: "secret" });
    try {
      const error = await failure(stores.open({ url }));
      expect(error).to.be.instanceOf(AccessDenied);
      expect(error.message).to.contain(`PostgreSQL does not let ${user}`).and.to.contain("permission denied");
      await server.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${user}`);
      const store = await stores.open({ url });
      await rebuild(store, [["a", { n: 1 }]]);
      expect(await store.findRow("orders", "a")).to.deep.equal({ n: 1 });
      await store.close();
    } finally {
      await server.query(`DROP OWNED BY ${user} CASCADE; DROP ROLE ${user}`);
    }
  });

  it("is not looked for in a database that is not there", async () => {
    const error = await failure(stores.open({ url: stores.server.url("", { database: "nowhere" }) }));
    expect(error).to.be.instanceOf(InvalidConfiguration);
    expect(error.message).to.contain("nowhere").and.to.contain("Create it");
  });
});
