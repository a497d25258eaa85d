/** Commands over HTTP: one at a time, idempotent by `Idempotency-Key`. */

import { json, type Request, type RequestHandler } from "express";
import { InvalidCommand, UnknownCommand, type Violation } from "../errors.js";
import { commandFromJson, runInContext } from "../message/index.js";
import { pathPart } from "./parameters.js";
import { bodyLimitBytes, RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import type { Reply } from "./reply.js";

const longestId = 200;
const printable = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** W3C Trace Context, section 3.2: version `ff` and ids of zeros are invalid. */
const traceparentPattern = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;

/** Reads the body. Types of content are checked before, so that a body of another type is refused and not ignored. */
export const readBody: readonly RequestHandler[] = [
  (request, _, next) => {
    // Not `request.is`, which says no when there is no body: that is a command without fields.
    if (/^\s*application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) return next();
    throw new RequestProblem("UNSUPPORTED_MEDIA_TYPE", "Send the command as JSON with Content-Type: application/json.");
  },
  // Not strict: that a body is no object is told with the other violations.
  json({ limit: bodyLimitBytes, strict: false, type: () => true }),
];

export async function sendCommand(request: Request, { commands, model }: QueryContext): Promise<Reply> {
  const type = pathPart(request, "type");
  const commandClass = model.commands.get(type);
  if (!commandClass) throw new UnknownCommand(JSON.stringify(type), [...model.commands.keys()]);
  const commandId = idHeader(request, "idempotency-key");
  const correlationId = idHeader(request, "x-correlation-id");
  const traceparent = traceparentOf(request);
  const body: unknown = request.body;
  const violations = reservedFields(body);
  if (violations.length > 0) throw new InvalidCommand(type, violations);
  const command = commandFromJson(commandClass, body);
  const result = await runInContext({ correlationId, traceparent }, () => commands.dispatch(command, { commandId }));
  const { streamName, revision, position, eventTypes, duplicate } = result;
  return {
    status: eventTypes.length > 0 && !duplicate ? 201 : 200,
    body: {
      commandId: result.commandId,
      correlationId: result.correlationId,
      streamName,
      revision: revision?.toString(),
      position: position?.toString(),
      eventTypes,
      duplicate,
    },
  };
}

/** @throws RequestProblem */
function idHeader(request: Request, name: string): string | undefined {
  const [id, ...others] = request.headersDistinct[name] ?? [];
  if (id === undefined) return undefined;
  if (others.length > 0) throw new RequestProblem("INVALID_HEADER", `${name} is given more than once. Give it once.`);
  if (id.length > longestId || !printable.test(id))
    throw new RequestProblem("INVALID_HEADER", `${name} must be 1 to ${longestId} printable ASCII characters.`);
  return id;
}

/** As the standard asks, one that is malformed or repeated is ignored. */
function traceparentOf(request: Request): string | undefined {
  const [traceparent, ...others] = request.headersDistinct["traceparent"] ?? [];
  return traceparent !== undefined && others.length === 0 && traceparentPattern.test(traceparent)
    ? traceparent
    : undefined;
}

/** Names that class-transformer passes over in silence, or takes for the class of a part: no command has them. */
const reservedNames: readonly string[] = ["__proto__", "constructor", "prototype"];

function reservedFields(body: unknown): Violation[] {
  const violations: Violation[] = [];
  // Not recursive: what is nested too deeply is found out later.
  const waiting = [{ value: body, pointer: "" }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (typeof next.value !== "object" || next.value === null) continue;
    for (const [name, value] of Object.entries(next.value)) {
      const pointer = `${next.pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      if (reservedNames.includes(name)) violations.push({ pointer, message: `no field may be named ${name}` });
      waiting.push({ value, pointer });
    }
  }
  return violations;
}
