/** Commands are validated by class-validator, with one strict set of options, and every violation is listed. */

import { plainToInstance } from "class-transformer";
import { validateSync, type ValidationError } from "class-validator";
import { InvalidCommand, type Violation } from "../errors.js";
import { freezeMessage, type AnyCommand, type CommandClass } from "./message.js";

const options = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  validationError: { target: false, value: false },
} as const;

/** Deepest nesting of an untrusted command: class-transformer recurses, and its stack is not ours to lose. */
const deepestNesting = 64;

/**
 * Parts that are plain objects are judged as the classes that JSON would have given them (`@Type`).
 * @throws InvalidCommand with every violation.
 */
export function validateCommand(command: AnyCommand): void {
  if (validateSync(command, options).length === 0) return;
  validateAs(command.type, plainToInstance(command.constructor as CommandClass, command as object));
}

function validateAs(commandType: string, command: AnyCommand): void {
  const errors = validateSync(command, options);
  if (errors.length > 0)
    throw new InvalidCommand(
      commandType,
      errors.flatMap((error) => violationsOf(error, "")),
    );
}

/**
 * A validated, immutable command made of untrusted JSON.
 * @throws InvalidCommand with every violation.
 */
export function commandFromJson<C extends AnyCommand>(type: CommandClass<C>, json: unknown): C {
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw new InvalidCommand(type.type, [{ pointer: "", message: "the command must be a JSON object" }]);
  const unstorable = unstorableParts(json, "", deepestNesting);
  if (unstorable.length > 0) throw new InvalidCommand(type.type, unstorable);
  const command = plainToInstance(type, json);
  // Not `command.type`: untrusted JSON may have stated another one, which is among the violations then.
  validateAs(type.type, command);
  return freezeMessage(command);
}

/** What no rule of a field need think of: numbers beyond what JSON can write again (`1e999`), and endless nesting. */
function unstorableParts(value: unknown, pointer: string, depth: number): Violation[] {
  if (typeof value === "number" && !Number.isFinite(value)) return [{ pointer, message: "must be a finite number" }];
  if (typeof value !== "object" || value === null) return [];
  if (depth === 0) return [{ pointer, message: `must not be nested deeper than ${deepestNesting} levels` }];
  return Object.entries(value).flatMap(([key, part]) =>
    unstorableParts(part, `${pointer}/${pointerPart(key)}`, depth - 1),
  );
}

// RFC 6901, section 3.
const pointerPart = (key: string) => key.replaceAll("~", "~0").replaceAll("/", "~1");

function violationsOf(error: ValidationError, parent: string): Violation[] {
  // What is no instance of a class with rules has no property either: the violation is about the whole.
  const property = error.property as string | undefined;
  const pointer = property === undefined ? parent : `${parent}/${pointerPart(property)}`;
  return [
    ...Object.values(error.constraints ?? {}).map((message) => ({ pointer, message })),
    ...(error.children ?? []).flatMap((child) => violationsOf(child, pointer)),
  ];
}
