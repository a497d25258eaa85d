/** A command whose subcommands work on an application that is opened, and does not run. */

import { Command, InvalidArgumentError } from "commander";
import { appOption } from "./load-application.js";
import type { Session } from "./observe/session.js";

export type Work = (session: Session) => Promise<void>;

export interface Program {
  readonly program: Command;
  /** Adds a subcommand. */
  readonly command: (usage: string, description: string) => Command;
}

/** @param json what `--json` prints, where that is more than a result */
export function programOf(name: string, description: string, help: string, json = ""): Program {
  const program = new Command(name)
    .description(description)
    .option(...appOption)
    .option("--json", `print the result, or the error, as JSON${json}`)
    .option("--verbose", "show where an error comes from")
    .addHelpText("after", help)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const command = (usage: string, of: string) =>
    program.command(usage).description(of).configureHelp({ showGlobalOptions: true }).exitOverride();
  return { program, command };
}

/** Text that says something, without the white space around it. @throws InvalidArgumentError */
export function words(said: string): string {
  if (said.trim() === "") throw new InvalidArgumentError("Expected text.");
  return said.trim();
}
