#!/usr/bin/env node
/** `npm run eventstore`: a development server that speaks EventStoreDB's protocol, over one SQLite file. */

import "reflect-metadata";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { Command, InvalidArgumentError } from "commander";
import { systemClock } from "../src/clock.js";
import { InvalidConfiguration } from "../src/errors.js";
import { printer, run } from "./command-line.js";
import { checkBeforehand } from "./eventstore/beforehand.js";
import { ownCertificate } from "./eventstore/certificate.js";
import { startDevelopmentServer } from "./eventstore/development-server.js";
import type { EventStoreServerOptions } from "./eventstore/server.js";

interface Options {
  readonly port: number;
  readonly host: string;
  readonly file?: string;
  readonly memory?: boolean;
  readonly tls?: boolean;
  readonly cert?: string;
  readonly key?: string;
  readonly maxAppendSize: number;
  readonly runProjections?: boolean;
  readonly json?: boolean;
}

const defaultFile = ".rollcall/eventstore.sqlite";

const lacks =
  "It has no persistent subscriptions, no projections but the system's, no users and no access control, no cluster, no HTTP.";

const help = `
For development and tests, not for production. Official clients, in any language, use it unchanged: they append, read,
subscribe, delete. ${lacks}
Credentials are accepted and ignored: whoever reaches the port may read and write everything.

The file is a log like any other of Rollcall's. One server at a time serves it. Ctrl-C ends the server within two
seconds; what was acknowledged is in the file, whatever ends it.

Exit codes: 0 stopped on request, 1 failure, 2 usage, 3 the store failed.`;

function wholeNumber(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
    return value;
  };
}

function parse(): Options {
  return new Command("eventstore")
    .description("Serves EventStoreDB's gRPC protocol from one SQLite file, for development and tests.")
    .option("--port <n>", "port to listen on; 0 takes a free one", wholeNumber(0, 65_535), 2113)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--file <path>", `the log (default: ${defaultFile})`)
    .option("--memory", "keep nothing: the log is a temporary file, removed at the end")
    .option("--tls", "encrypt, with a certificate for localhost that is made and kept beside the file")
    .option("--cert <path>", "encrypt, with this certificate (PEM)")
    .option("--key <path>", "the key of --cert (PEM)")
    .option("--max-append-size <bytes>", "most bytes in one append", wholeNumber(1, 16_777_216), 1_048_576)
    .option("--run-projections", "enable the system projections from the start")
    .option("--json", "print one JSON object a line")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .exitOverride()
    .parse()
    .opts<Options>();
}

/** @throws InvalidConfiguration with all that contradicts itself */
function check({ file, memory, tls, cert, key }: Options): void {
  const problems: string[] = [];
  if (memory && file !== undefined) problems.push("--memory and --file exclude each other. Say one of them.");
  if (tls && (cert || key))
    problems.push("--tls makes a certificate; --cert and --key give one. Say one or the other.");
  if (Boolean(cert) !== Boolean(key)) problems.push("--cert and --key go together. Say both or none.");
  if (problems.length > 0) throw new InvalidConfiguration(problems);
}

async function tlsFrom({ tls, cert, key }: Options, file: string): Promise<EventStoreServerOptions["tls"]> {
  if (tls) return ownCertificate(file);
  if (!cert || !key) return undefined;
  const problems: string[] = [];
  const read = (option: string, path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      problems.push(`${option} ${path} cannot be read: ${(error as Error).message}. Name a PEM file.`);
      return "";
    }
  };
  const given = { cert: read("--cert", cert), key: read("--key", key), caFile: resolve(cert) };
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  try {
    createSecureContext(given);
  } catch (error) {
    throw new InvalidConfiguration([`--cert and --key cannot be used: ${(error as Error).message}. Name PEM files.`]);
  }
  return given;
}

const isLoopback = (host: string) => host === "localhost" || host === "::1" || host.startsWith("127.");

const exposed = (host: string) =>
  `it listens on ${host}, where others may reach it, and whoever does may read, write and delete everything.`;

await run(async (signal) => {
  const options = parse();
  check(options);
  const print = printer(options.json);
  // It says on stderr what is said below, in other words.
  if (!process.env["GRPC_VERBOSITY"]) setLogVerbosity(logVerbosity.NONE);

  const folder = options.memory ? mkdtempSync(join(tmpdir(), "rollcall-eventstore-")) : undefined;
  try {
    const file = resolve(folder ? join(folder, "log.sqlite") : (options.file ?? defaultFile));
    await checkBeforehand(file, options);
    const tls = await tlsFrom(options, file);
    const server = await startDevelopmentServer({
      file,
      host: options.host,
      port: options.port,
      ...(tls && { tls }),
      maxAppendBytes: options.maxAppendSize,
      runProjections: options.runProjections ?? false,
      onFailure: (projection, { message }) => {
        if (options.json) print("projection", { name: projection, error: message }, "");
        else process.stderr.write(`${projection} has failed and stands still until it is enabled again: ${message}\n`);
      },
    });
    try {
      const { connectionString, port } = server;
      const where = folder ? "memory" : file;
      print("started", { connectionString, port, file: where }, welcome(connectionString, where));
      if (!isLoopback(options.host))
        print("warning", { message: exposed(options.host) }, `Warning: ${exposed(options.host)}\n`);
      while (!signal.aborted) await systemClock.sleep(Infinity, signal);
    } finally {
      await server.stop();
    }
    print("stopped", {}, folder ? "Stopped. The log is gone." : "Stopped. The next start goes on from here.");
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
});

function welcome(connectionString: string, where: string): string {
  return [
    `A development server that speaks EventStoreDB's protocol: for development and tests, not for production.`,
    `  ${connectionString}`,
    where === "memory" ? "The log is gone when it stops." : `The log is ${where}.`,
    lacks,
    "Ctrl-C stops.",
    "",
  ].join("\n");
}
