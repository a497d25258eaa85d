/** `observe ack`: somebody has seen what is amiss in a case; its escalation stops. */

import { acknowledgeCase, runOf, type AcknowledgementRequest } from "../../src/index.js";
import { observersNamed, type Session } from "./session.js";

export async function acknowledge(session: Session, name: string, request: AcknowledgementRequest): Promise<void> {
  const { definition } = observersNamed(session, [name])[0]!;
  const result = await acknowledgeCase(session.rollcall, definition, request);
  const { observer, case: key, slots, streamName, duplicate } = result;
  const escalates = slots.some(
    (run) => (definition.slots.find((slot) => slot.name === runOf(run).slot)?.escalateMs?.length ?? 0) > 0,
  );
  const text = [
    duplicate
      ? `It had been acknowledged before: ${observer}, case ${key}, ${slots.join(", ")}. Nothing was recorded.`
      : `Acknowledged: ${observer}, case ${key}, ${slots.join(", ")}, by ${request.by}. Recorded in ${streamName}.`,
    `This stops escalation only${escalates ? "" : " (of which none is declared here, so it only tells others)"}: the case stays flagged until what is missing comes, or is waived.`,
  ].join("\n");
  session.print({ ...result, stops: "escalation" }, text);
}
