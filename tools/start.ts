#!/usr/bin/env node
/** `npm start`: runs the application's roles, drives demo traffic and prints flags as they are raised. */

import "reflect-metadata";
import { Command, InvalidArgumentError } from "commander";
import {
  configurationFrom,
  environmentHelp,
  Rollcall,
  systemClock,
  type ParkedEvent,
  type ProcessorStatus,
  type StoreUnavailable,
} from "../src/index.js";
import { connecting, exitWhenWritten, isStoreFailure, printer, run } from "./command-line.js";
import { appOption, loadApplication } from "./load-application.js";
import { driveOrders } from "./demo/order-traffic.js";
import { flagInWords, followFlags } from "./demo/flag-printer.js";
import { Outage } from "./demo/outage.js";

interface Options {
  readonly app?: string;
  readonly demo: boolean;
  readonly rate: number;
  readonly orders?: number;
  readonly json?: boolean;
}

const help = `
Ctrl-C stops it within two seconds; a later start goes on where it stopped. A stop on request, by Ctrl-C or SIGTERM, is
what it is asked for: exit code 0.

${environmentHelp}

Exit codes: 0 stopped on request, 1 failure, 2 usage, 3 the store failed.`;

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

function parse(): Options {
  return new Command("start")
    .description("Runs the roles of this process: domains, projections, observers and the HTTP API.")
    .option(...appOption)
    .option("--no-demo", "no demo traffic (the default with --app)")
    .option("--rate <n>", "demo orders per second", positive, 2)
    .option("--orders <n>", "stop placing demo orders after so many; go on running", positive)
    .option("--json", "print one JSON object a line")
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .exitOverride()
    .parse()
    .opts<Options>();
}

await run(async (signal) => {
  try {
    await start(parse(), signal);
  } catch (error) {
    if (!isOfNoConcern(error, signal)) throw error;
  }
});
// A gateway that ignores its signal may hold a timer or a connection, which would keep the process for as long.
await exitWhenWritten();

/** Stopped on request, with a store that does not answer or not: the next start goes on in any case. */
function isOfNoConcern(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || isStoreFailure(error));
}

async function start(options: Options, signal: AbortSignal): Promise<void> {
  const print = printer(options.json);
  const onChange = ({ name, state, error, pause }: ProcessorStatus) => {
    const why = pause && { reason: pause.reason, by: pause.by };
    if (options.json) print("subscription", { name, state, ...(error && { error: error.message }), ...why }, "");
    else if (pause) process.stderr.write(`${name} is paused by ${pause.by}: ${pause.reason}\n`);
    else if (error) process.stderr.write(`${name} is ${state}: ${error.message}\n`);
  };
  const onParked = ({ position, revision, parkedAtMs, ...event }: ParkedEvent) => {
    const [at, parkedAt] = [String(position), new Date(parkedAtMs).toISOString()];
    if (options.json) print("parked", { ...event, position: at, revision: String(revision), parkedAt }, "");
    else {
      const { subscription, streamName, eventType, attempts, error } = event;
      const what = `${eventType} (${streamName}, revision ${revision}, position ${at})`;
      const tried = attempts === 0 ? "" : ` after ${attempts} attempt${attempts === 1 ? "" : "s"}`;
      process.stderr.write(`${subscription} has parked ${what}${tried}: ${error}\n`);
    }
  };
  const onError = (error: unknown) => process.stderr.write(`Unexpected: ${String(error)}\n`);
  const onOutage = (error?: StoreUnavailable) => {
    if (options.json) print("store", { answers: !error, ...(error && { error: error.message }) }, "");
    else if (error)
      process.stderr.write(`The store does not answer; the demo goes on when it does. ${error.message}\n`);
    else process.stderr.write("The store answers again.\n");
  };

  const definition = await loadApplication(options.app);
  const configuration = configurationFrom(process.env);
  const opening = Rollcall.open(definition, configuration, { onChange, onParked, onError });
  const rollcall = await connecting(configuration.store, opening, {
    signal,
    json: options.json,
    leave: (open) => open.stop(),
  });
  try {
    const outage = new Outage({ signal, onOutage });
    // Catching up raises flags before anybody is told where to ask.
    const before = await outage.bear(() => rollcall.flagsStore.head());
    await rollcall.start();
    const { store, roles } = rollcall.configuration;
    print("started", { url: rollcall.url, store, roles }, welcome(rollcall, options));
    const work: Promise<void>[] = [];
    if (rollcall.hasRole("observer"))
      work.push(
        followFlags(
          rollcall.flagsStore,
          before,
          signal,
          (flag) => print("flag", flag, flagInWords(flag, rollcall.url)),
          outage,
        ),
      );
    if (options.demo && !options.app && rollcall.hasRole("ordering"))
      work.push(driveOrders(rollcall, { ...options, signal, outage }));
    await Promise.all([...work, untilAborted(signal)]);
  } finally {
    await rollcall.stop().catch((error: unknown) => {
      if (!isOfNoConcern(error, signal)) throw error;
    });
    print("stopped", {}, "Stopped. The next start goes on from here.");
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return systemClock.sleep(Infinity, signal).then(() => (signal.aborted ? undefined : untilAborted(signal)));
}

function welcome(rollcall: Rollcall, { demo, app, rate }: Options): string {
  const { url, configuration, assembly } = rollcall;
  const { store, roles } = configuration;
  const { projections, observers } = assembly;
  const lines = [`Rollcall runs ${roles === "all" ? assembly.roles.join(", ") : roles.join(", ")} on ${store}.`];
  if (url) {
    lines.push(`Query it at ${url}, for example:`, `  curl ${url}/status`);
    if (projections[0]) lines.push(`  curl "${url}/read-models/${projections[0].declaration.name}?limit=3"`);
    if (observers[0]) lines.push(`  curl "${url}/observers/${observers[0].declaration.name}/cases?status=flagged"`);
  }
  if (demo && !app && rollcall.hasRole("ordering")) {
    const provider = rollcall.hasRole("billing") ? "; the payment provider loses, delays and doubles some" : "";
    lines.push(`Demo: ${rate} orders a second${provider}.`);
  }
  const flags = rollcall.hasRole("observer") && observers.length > 0 ? "Flags appear here as they are raised. " : "";
  return [...lines, `${flags}Ctrl-C stops.`, ""].join("\n");
}
