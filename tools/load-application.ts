/** The application that a command works on: the example, or the module that `--app` names. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InvalidConfiguration, type ApplicationDefinition } from "../src/index.js";

export const appOption = [
  "--app <module>",
  "the application: a JavaScript module whose default export is application({…}) (default: the example)",
] as const;

/** URL of the module, which `--app` names by its path. */
export const applicationUrl = (module?: string): string =>
  module ? pathToFileURL(resolve(module)).href : new URL("./application.js", import.meta.url).href;

/** @throws InvalidConfiguration when the module cannot be loaded or exports no application */
export async function loadApplication(module?: string): Promise<ApplicationDefinition> {
  const loaded = await import(applicationUrl(module)).catch((error: unknown) => {
    throw new InvalidConfiguration([
      `--app ${module ?? "(the example)"} cannot be loaded: ${(error as Error).message}`,
    ]);
  });
  const definition = (loaded as { default?: ApplicationDefinition }).default;
  if (!definition || ![definition.domains, definition.projections, definition.observers].some(Array.isArray))
    throw new InvalidConfiguration([
      `--app ${module} has no default export that is an application. Export default application({ … }).`,
    ]);
  return definition;
}
