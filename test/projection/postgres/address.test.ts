/** URLs of PostgreSQL databases. */

import { expect } from "chai";
import { postgresAddress } from "../../../src/projection/postgres/address.js";

describe("the URL of a PostgreSQL database", () => {
  it("names server, database, user and schema, and is shown without credentials", () => {
    const address = postgresAddress(
      "postgres://ops:p%40ss%2Fw@db.example:6432/shop?schema=a&sslmode=require&connections=4",
    );
    expect(address).to.deep.include({
      place: "postgres://db.example:6432/shop?schema=a&sslmode=require&connections=4",
      host: "db.example",
      port: 6432,
      database: "shop",
      user: "ops",
      schema: "a",
      tls: { verified: true },
      connections: 4,
      problems: [],
    });
    expect(address.password?.reveal()).to.equal("p@ss/w");
  });

  it("has a default for what it does not say", () => {
    expect(postgresAddress("postgresql://[::1]/shop")).to.deep.equal({
      place: "postgresql://[::1]/shop",
      host: "::1",
      port: 5432,
      database: "shop",
      tls: false,
      schema: "rollcall",
      connections: 10,
      applicationName: "rollcall",
      problems: [],
    });
    expect(postgresAddress("postgres:///shop?host=/run/postgresql")).to.include({ host: "/run/postgresql" });
    expect(postgresAddress("postgres://db/shop?sslrootcert=/ca.pem").tls).to.deep.equal({
      verified: true,
      caFile: "/ca.pem",
    });
    expect(postgresAddress("postgres://db/shop?sslmode=no-verify").tls).to.deep.equal({ verified: false });
  });

  const refused: readonly (readonly [what: string, url: string, problem: RegExp])[] = [
    ["a slash in the password", "postgres://ops:s3cr/et@db/shop", /percent-encode|%2F/],
    ["a slash in the password that looks like a port", "postgres://ops:12/s3cret@db/shop", /percent-encoded/],
    ["a question mark in the password", "postgres://ops:1?s3cret@db/shop", /%3F|percent-encoded/],
    ["a # in the password", "postgres://ops:12#s3cret@db/shop", /%23|percent-encoded/],
    ["a % in the password", "postgres://ops:s3cr%et@db/shop", /%25/],
    ["an @ in the user", "postgres://ops%40x:s3cr@im@db:1/shop%40", /percent-encoded/],
    ["two hosts", "postgres://ops:s3cr@a:1,b:2/shop", /one host/],
    ["no database", "postgres://ops:s3cr@db", /names no database/],
    ["no host", "postgres:///shop", /names no host/],
    ["no slashes", "postgres:rows", /names no host/],
    ["an unknown parameter", "postgres://ops:s3cr@db/shop?options=x", /unknown parameter options.*schema/],
    ["a schema of capitals", "postgres://ops:s3cr@db/shop?schema=A", /schema=A.*small letters/],
    ["a schema of the server's own", "postgres://ops:s3cr@db/shop?schema=pg_x", /schema=pg_x/],
    ["one connection", "postgres://ops:s3cr@db/shop?connections=1", /connections=1\. .*2 to 1000/],
    ["an unknown sslmode", "postgres://ops:s3cr@db/shop?sslmode=maybe", /sslmode=maybe.*disable, require/],
  ];
  for (const [what, url, problem] of refused)
    it(`is refused with ${what}, in a sentence that shows no secret`, () => {
      const { problems, place } = postgresAddress(url);
      expect(problems.join("\n")).to.match(problem);
      expect(problems.join("\n") + place).not.to.contain("s3cr");
    });
});
