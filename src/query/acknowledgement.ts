/** Acknowledging a case over HTTP: somebody has seen what is amiss; escalation stops, and nothing else changes. */

import type { Request } from "express";
import { InvalidCommand, type Violation } from "../errors.js";
import { acknowledgeCase, acknowledgedType } from "../observer/index.js";
import { observerOf } from "./observers.js";
import { pathPart, pathTo } from "./parameters.js";
import type { QueryContext } from "./query-context.js";
import { whenBuilt } from "./read-models.js";
import type { Reply } from "./reply.js";

const longest = { by: 200, slot: 200, note: 2_000 } as const;
type Field = keyof typeof longest;

export async function acknowledge(request: Request, context: QueryContext): Promise<Reply> {
  const { definition } = observerOf(request, context);
  const { by, slot, note } = fieldsOf(request.body);
  const { name } = definition;
  const result = await whenBuilt(
    name,
    acknowledgeCase(context, definition, { case: pathPart(request, "key"), by: by!, slot, note }),
  );
  return {
    status: result.duplicate ? 200 : 201,
    body: { ...result, stops: "escalation", href: pathTo(request, "observers", name, "cases", result.case) },
  };
}

/** @throws InvalidCommand with every violation */
function fieldsOf(body: unknown): Partial<Record<Field, string>> {
  const fields = isObject(body) ? body : {};
  const violations: Violation[] = isObject(body) ? [] : [{ pointer: "", message: "the body must be a JSON object" }];
  for (const [name, value] of Object.entries(fields)) {
    const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (!Object.hasOwn(longest, name))
      violations.push({ pointer, message: `there is no field ${name}; there are ${Object.keys(longest).join(", ")}` });
    else if (typeof value !== "string" || value.trim() === "" || value.length > longest[name as Field])
      violations.push({ pointer, message: `${name} must be text of 1 to ${longest[name as Field]} characters` });
  }
  if (isObject(body) && fields["by"] === undefined)
    violations.push({ pointer: "/by", message: "by must say who has seen it" });
  if (violations.length > 0) throw new InvalidCommand(acknowledgedType, violations);
  return fields as Partial<Record<Field, string>>;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
