/**
 * The PostgreSQL server of a run: started when the first file asks for it, and shared by all, each with a database of its
 * own. The process that runs mocha answers where it is.
 */

import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../at-end.js";
import { PostgresDatabase } from "./database.js";

interface Answer {
  readonly port?: number;
  readonly error?: string;
}

let desk: Server | undefined;
let keeper: { readonly process: ChildProcess; readonly ended: Promise<Answer> } | undefined;
let answer: Promise<Answer> | undefined;

/** For mocha alone, before a run: from now on whoever asks is told where the server is. */
export async function offerPostgres(): Promise<void> {
  const password = randomBytes(12).toString("hex");
  desk = createServer((asking) => {
    asking.on("error", () => {});
    void (answer ??= start(password)).then((found) => asking.end(JSON.stringify(found)));
  }).listen(0, "127.0.0.1");
  await once(desk, "listening");
  // Workers inherit it.
  process.env["ROLLCALL_TEST_POSTGRES"] = `${(desk.address() as AddressInfo).port} ${password}`;
}

async function start(password: string): Promise<Answer> {
  const child = fork(fileURLToPath(new URL("./keeper.js", import.meta.url)), [password], {
    // What interrupts the run at the terminal must leave it the time to clear up.
    detached: true,
    // By this `node --watch` would have it send messages of its own.
    env: { ...process.env, WATCH_REPORT_DEPENDENCIES: undefined },
  });
  const ended = once(child, "exit").then(() => ({ error: "The process that was to keep PostgreSQL ended." }));
  keeper = { process: child, ended };
  return Promise.race([once(child, "message").then(([said]) => said as Answer), ended]);
}

/** For mocha alone, after a run: ends the server, if anybody asked for it. */
export async function endPostgres(): Promise<void> {
  desk?.close();
  if (keeper?.process.connected) keeper.process.disconnect();
  await keeper?.ended;
}

let database: Promise<PostgresDatabase> | undefined;
let databases = 0;

/** A database of this file alone, on the server that all share: its tests have a schema each. */
export function postgresServer(): Promise<PostgresDatabase> {
  if (!database) {
    const shared = reach();
    const ours = (database = shared.then((server) => server.create(`tests_${process.pid}_${++databases}`)));
    atEnd(async () => {
      database = undefined;
      const server = await shared;
      await server.drop(await ours);
      await server.leave();
    });
  }
  return database;
}

async function reach(): Promise<PostgresDatabase> {
  const [desk, password] = process.env["ROLLCALL_TEST_POSTGRES"]!.split(" ") as [string, string];
  const said = await text(connect(Number(desk), "127.0.0.1"));
  const { port, error } = JSON.parse(said || "{}") as Answer;
  if (port === undefined) throw new Error(error ?? `Expected the port of PostgreSQL, found ${said || "no answer"}.`);
  return new PostgresDatabase(port, password, "postgres");
}

let schemas = 0;

/** The name of a schema that nobody else has. */
export const newSchema = (): string => `s${process.pid}_${++schemas}`;
