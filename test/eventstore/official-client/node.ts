/** A development server for one chapter's tests, or for each of them, and official clients connected to it. */

import { EventStoreDBClient } from "@eventstore/db-client";
import { TestServer } from "../server.js";

export interface NodeOptions {
  readonly tls?: boolean;
  /** A fresh one for each test. */
  readonly each?: boolean;
}

/** Of use only within a test or a hook. */
export interface TestNode {
  /** Connected to the present server. */
  readonly client: EventStoreDBClient;
  readonly port: number;
  /** What clients have to trust, with `tls`. */
  readonly caFile: string;
  /** One more client, with these options in its connection string. */
  connect(query?: Readonly<Record<string, string | number | boolean>>): EventStoreDBClient;
  /** With grace, or, by `kill`, in the midst of every call. */
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Again, with the same log, on the same port. */
  start(): Promise<void>;
  restart(): Promise<void>;
}

/** To be called in a `describe`: starts the server before its tests and removes it after them. */
export function useNode({ tls = false, each = false }: NodeOptions = {}): TestNode {
  let server: TestServer | undefined;
  let client: EventStoreDBClient | undefined;
  const clients: EventStoreDBClient[] = [];
  const present = () => {
    if (!server) throw new Error("The server is there while a test runs, and not before.");
    return server;
  };

  (each ? beforeEach : before)(async () => {
    server = await TestServer.start({ tls });
  });
  (each ? afterEach : after)(async () => {
    for (const each of clients.splice(0)) await each.dispose();
    client = undefined;
    await server?.remove();
    server = undefined;
  });

  const node: TestNode = {
    get client() {
      return (client ??= node.connect());
    },
    get port() {
      return present().port;
    },
    get caFile() {
      return present().caFile;
    },
    connect: (query = {}) => {
      const security = tls ? { tlsCAFile: present().caFile } : { tls: false };
      const options = Object.entries({ ...security, ...query }).map(
        ([key, value]) => `${key}=${encodeURIComponent(value)}`,
      );
      const connected = EventStoreDBClient.connectionString(
        `esdb://${tls ? "admin:changeit@" : ""}localhost:${present().port}?${options.join("&")}`,
      );
      clients.push(connected);
      return connected;
    },
    stop: () => present().stop(),
    kill: () => present().kill(),
    start: () => present().start(),
    restart: () => present().restart(),
  };
  return node;
}
