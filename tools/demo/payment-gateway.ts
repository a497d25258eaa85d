/** A payment provider that misbehaves as stated: it loses, delays and doubles a share of the requests. */

import { createHash } from "node:crypto";
import type { Container } from "inversify";
import { PaymentGateway, type PaymentAnswer, type PaymentRequest } from "../../domains/billing/index.js";
import { ClockToken, InvalidConfiguration, type Clock } from "../../src/index.js";

/** Shares from 0 to 1 of all requests, and how long an answer takes. */
export interface Misbehaviour {
  readonly lost: number;
  readonly late: number;
  readonly doubled: number;
  readonly refused: number;
  readonly answerMs: number;
  readonly lateMs: number;
}

/** `order-to-cash` expects a payment within five seconds: `lateMs` is more. */
export const demoMisbehaviour: Misbehaviour = {
  lost: 0.05,
  late: 0.05,
  doubled: 0.05,
  refused: 0.02,
  answerMs: 200,
  lateMs: 8_000,
};

export class DemoPaymentGateway implements PaymentGateway {
  constructor(
    private readonly clock: Clock,
    private readonly misbehaviour: Misbehaviour = demoMisbehaviour,
  ) {}

  /** What happens follows from the idempotency key alone, so that asking again gives the same answer. */
  async request({ orderId, amount, idempotencyKey }: PaymentRequest, signal: AbortSignal): Promise<PaymentAnswer> {
    const { lost, late, doubled, refused, answerMs, lateMs } = this.misbehaviour;
    let fate = shareOf(idempotencyKey);
    const is = (share: number) => {
      const hit = fate >= 0 && fate < share;
      fate -= share;
      return hit;
    };
    if (is(lost)) return { captures: [] };
    const capture = { paymentId: `pay-${orderId}`, amount };
    const isLate = is(late);
    await this.clock.sleep(isLate ? lateMs : answerMs, signal);
    if (isLate) return { captures: [capture] };
    if (is(refused)) return { refused: "The card was declined." };
    return { captures: is(doubled) ? [capture, { ...capture, paymentId: `${capture.paymentId}-again` }] : [capture] };
  }
}

/** A number from 0 to 1, the same for the same key, evenly spread. */
function shareOf(key: string): number {
  return createHash("sha256").update(key).digest().readUInt32BE(0) / 2 ** 32;
}

export function bindDemoGateway(container: Container): void {
  const misbehaviour = misbehaviourFrom(process.env);
  container
    .bind<PaymentGateway>(PaymentGateway)
    .toDynamicValue((context) => new DemoPaymentGateway(context.get<Clock>(ClockToken), misbehaviour));
}

/** Overrides for tests: `ROLLCALL_DEMO='{"lost":0.2,"lateMs":3000}'`. @throws InvalidConfiguration */
function misbehaviourFrom({ ROLLCALL_DEMO }: NodeJS.ProcessEnv): Misbehaviour {
  if (!ROLLCALL_DEMO) return demoMisbehaviour;
  let stated: unknown;
  try {
    stated = JSON.parse(ROLLCALL_DEMO);
  } catch {
    // Answered below, as everything else that is no object.
  }
  const known = Object.keys(demoMisbehaviour).join(", ");
  if (typeof stated !== "object" || stated === null)
    throw new InvalidConfiguration([`ROLLCALL_DEMO is no JSON object: ${ROLLCALL_DEMO}. State some of: ${known}.`]);
  const problems = Object.entries(stated)
    .filter(([name, value]) => !(name in demoMisbehaviour) || typeof value !== "number" || !(value >= 0))
    .map(([name]) => `ROLLCALL_DEMO states ${name}, or not as a number from 0. Known: ${known}.`);
  if (problems.length > 0) throw new InvalidConfiguration(problems);
  return { ...demoMisbehaviour, ...(stated as Partial<Misbehaviour>) };
}
