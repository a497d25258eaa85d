#!/usr/bin/env node
/** `npm start`: runs the application's roles, drives demo traffic and prints flags as they are raised. */

import "reflect-metadata";
import { Command, InvalidArgumentError } from "commander";
import { configurationFrom, environmentHelp, Rollcall, systemClock, type ProcessorStatus } from "../src/index.js";
import { run } from "./command-line.js";
import { appOption, loadApplication } from "./load-application.js";
import { driveOrders } from "./demo/order-traffic.js";
import { flagInWords, followFlags } from "./demo/flag-printer.js";

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
  const options = parse();
  const print = (kind: string, fields: object, text: string) =>
    process.stdout.write(`${options.json ? JSON.stringify({ kind, ...fields }) : text}\n`);
  const onChange = ({ name, state, error }: ProcessorStatus) => {
    if (options.json) print("subscription", { name, state, ...(error && { error: error.message }) }, "");
    else if (error) process.stderr.write(`${name} is ${state}: ${error.message}\n`);
  };
  const onError = (error: unknown) => process.stderr.write(`HTTP: ${String(error)}\n`);

  const rollcall = await Rollcall.open(await loadApplication(options.app), configurationFrom(process.env), {
    onChange,
    onError,
  });
  try {
    // Catching up raises flags before anybody is told where to ask.
    const before = await rollcall.store.head();
    await rollcall.start();
    const { store, roles } = rollcall.configuration;
    print("started", { url: rollcall.url, store, roles }, welcome(rollcall, options));
    const work: Promise<void>[] = [];
    if (rollcall.hasRole("observer"))
      work.push(
        followFlags(rollcall.store, before, signal, (flag) => print("flag", flag, flagInWords(flag, rollcall.url))),
      );
    if (options.demo && !options.app && rollcall.hasRole("ordering"))
      work.push(driveOrders(rollcall, { ...options, signal }));
    await Promise.all([...work, untilAborted(signal)]);
  } finally {
    await rollcall.stop();
    print("stopped", {}, "Stopped. The next start goes on from here.");
  }
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return systemClock.sleep(Infinity, signal).then(() => (signal.aborted ? undefined : untilAborted(signal)));
}

function welcome({ url, configuration, assembly }: Rollcall, { demo, app, rate }: Options): string {
  const { store, roles } = configuration;
  const lines = [`Rollcall runs ${roles === "all" ? assembly.roles.join(", ") : roles.join(", ")} on ${store}.`];
  if (url) {
    const [projection] = assembly.projections;
    const [observer] = assembly.observers;
    lines.push(`Query it at ${url}, for example:`, `  curl ${url}/status`);
    if (projection) lines.push(`  curl "${url}/read-models/${projection.declaration.name}?limit=3"`);
    if (observer) lines.push(`  curl "${url}/observers/${observer.declaration.name}/cases?status=flagged"`);
  }
  if (demo && !app) lines.push(`Demo: ${rate} orders a second; the payment provider loses, delays and doubles some.`);
  return [...lines, "Flags appear here as they are raised. Ctrl-C stops.", ""].join("\n");
}
