/** The ways in which the official client finds a server, keeps the connection, loses it and comes back. */

import {
  EventStoreDBClient,
  FOLLOWER,
  LEADER,
  RANDOM,
  READ_ONLY_REPLICA,
  UnavailableError,
} from "@eventstore/db-client";
import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { follow } from "./following.js";
import { useNode } from "./node.js";
import { collect, idsOf, jsonEvents, newStream, oneEvent, rejected } from "./terms.js";

/** Appends, reads and subscribes. */
async function works(client: EventStoreDBClient): Promise<void> {
  const stream = newStream();
  const events = jsonEvents(3);
  await client.appendToStream(stream, events.slice(0, 2), { requiresLeader: true });
  expect(idsOf(await collect(client.readStream(stream, { requiresLeader: true })))).to.deep.equal(
    idsOf(events.slice(0, 2)),
  );
  const following = follow(client.subscribeToStream(stream));
  await following.isLive();
  await client.appendToStream(stream, events[2]!);
  expect(idsOf(await following.has(3))).to.deep.equal(idsOf(events));
  await following.stop();
}

describe("The official client connecting", () => {
  const node = useNode();
  const insecure = { insecure: true };

  for (const address of ["127.0.0.1", "localhost"])
    it(`takes one host, ${address}, by a connection string or by options`, async () => {
      const { port } = node;
      await works(EventStoreDBClient.connectionString`esdb://${address}:${port}?tls=false`);
      await works(EventStoreDBClient.connectionString(`esdb://admin:changeit@${address}:${port}?tls=false`));
      await works(new EventStoreDBClient({ endpoint: `${address}:${port}` }, insecure));
      await works(new EventStoreDBClient({ endpoint: { address, port } }, insecure));
    });

  for (const nodePreference of [LEADER, FOLLOWER, RANDOM, READ_ONLY_REPLICA] as const)
    it(`discovers the server, preferring ${nodePreference}`, async () => {
      const { port } = node;
      const query = `tls=false&nodePreference=${nodePreference}`;
      await works(EventStoreDBClient.connectionString(`esdb+discover://localhost:${port}?${query}`));
      await works(new EventStoreDBClient({ discover: { address: "127.0.0.1", port }, nodePreference }, insecure));
    });

  it("takes several hosts, of which one is there", async () => {
    const { port } = node;
    await works(EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port},localhost:${port}?tls=false`));
    for (const hosts of [`127.0.0.1:1,127.0.0.1:${port}`, `127.0.0.1:${port},127.0.0.1:1,127.0.0.1:2`])
      await works(EventStoreDBClient.connectionString(`esdb://${hosts}?tls=false`));
  });

  it("takes options in its connection string", async () => {
    const client = node.connect({
      connectionName: "a name of its own",
      keepAliveInterval: 20_000,
      keepAliveTimeout: 5_000,
      defaultDeadline: 60_000,
      throwOnAppendFailure: false,
    });
    expect(client.connectionName).to.equal("a name of its own");
    await works(client);
  });

  it("works side by side with others", async () => {
    await Promise.all(Array.from({ length: 5 }, () => works(node.connect())));
  });

  describe("disposed of", () => {
    it("ends its subscriptions without an error", async () => {
      const client = node.connect();
      const stream = newStream();
      await client.appendToStream(stream, jsonEvents(4));
      const followings = [client.subscribeToStream(stream), client.subscribeToStream(newStream())].map((s) =>
        follow(s),
      );
      const ofAll = follow(client.subscribeToAll());
      await Promise.all([...followings, ofAll].map((following) => following.isLive()));
      await client.dispose();
      for (const { ended, error } of [...followings, ofAll]) expect([ended, error]).to.deep.equal([true, undefined]);
    });

    it("can still be used", async () => {
      const client = node.connect();
      await works(client);
      await client.dispose();
      await works(client);
    });
  });
});

describe("The official client connecting securely", () => {
  const node = useNode({ tls: true });
  const url = (query: string, scheme = "esdb", host = "localhost") =>
    EventStoreDBClient.connectionString(`${scheme}://admin:changeit@${host}:${node.port}?${query}`);

  for (const host of ["localhost", "127.0.0.1"])
    it(`trusts ${host} by a file with the authority's certificate, named in full or from here`, async () => {
      await works(url(`tlsCAFile=${node.caFile}`, "esdb", host));
      await works(url(`tls=true&tlsCAFile=${relative(process.cwd(), node.caFile)}`, "esdb", host));
    });

  it("trusts the certificate itself", async () => {
    const endpoint = `localhost:${node.port}`;
    const credentials = { username: "admin", password: "changeit" };
    await works(new EventStoreDBClient({ endpoint }, { rootCertificate: await readFile(node.caFile) }, credentials));
  });

  it("discovers the server", async () => {
    await works(url(`tlsCAFile=${node.caFile}`, "esdb+discover"));
  });

  it("takes credentials with a call", async () => {
    const client = url(`tlsCAFile=${node.caFile}`);
    const stream = newStream();
    const credentials = { username: "admin", password: "changeit" };
    await client.appendToStream(stream, oneEvent(), { credentials });
    expect(await collect(client.readStream(stream, { credentials }))).to.have.length(1);
    expect(await collect(client.readAll({ credentials, maxCount: 2 }))).to.have.length(2);
  });

  it("may say who it wants to be: a development server has no users", async () => {
    await works(EventStoreDBClient.connectionString(`esdb://localhost:${node.port}?tlsCAFile=${node.caFile}`));
    const credentials = { username: "nobody", password: "wrong" };
    const stream = newStream();
    await url(`tlsCAFile=${node.caFile}`).setStreamMetadata(stream, { acl: { writeRoles: ["$admins"] } });
    const result = await url(`tlsCAFile=${node.caFile}`).appendToStream(stream, oneEvent(), { credentials });
    expect(result.success).to.equal(true);
  });

  it("does not trust a server that it was not told of", async () => {
    await rejected(UnavailableError, collect(url("tls=true").readStream(newStream())));
  });

  it("is not understood without encryption", async () => {
    await rejected(UnavailableError, collect(url("tls=false").readStream(newStream())));
  });
});
