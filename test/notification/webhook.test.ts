/** Webhooks over real HTTP: what is sent, what each answer means, and what is never shown. */

import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { expect } from "chai";
import { Secret, webhook, type WebhookOptions } from "../../src/index.js";
import { until } from "../until.js";
import { Flagging } from "./flagging.js";
import { breaks, Receiver, secret } from "./receiver.js";

describe("a webhook", () => {
  let to: Flagging;
  let receiver: Receiver;
  beforeEach(async () => {
    to = await Flagging.open();
    receiver = await Receiver.start(to.clock);
  });
  afterEach(async () => {
    await to.close();
    await receiver.close();
  });

  const hook = (options: Partial<WebhookOptions> = {}) =>
    webhook({ name: "ops", url: receiver.url, secret, startFrom: "beginning", ...options });

  it("posts the flag as JSON, signed as Standard Webhooks has it, with the flag's id as delivery id", async () => {
    const id = await to.raise("order 7", {
      severity: "page",
      runbook: "https://runbooks/1",
      deadline: "2026-01-01T00:00:00.000Z",
    });
    to.start(hook({ apiUrl: "https://rollcall.example.com/" }));
    await to.finishes();
    expect(receiver.refused).to.deep.equal([]);
    const [{ method, path, headers, body }] = receiver.received as [Receiver["received"][number]];
    expect([method, path]).to.deep.equal(["POST", "/hidden-path?token=hidden-token"]);
    const timestamp = String(to.clock.now() / 1_000);
    expect(headers).to.include({
      "content-type": "application/json",
      "user-agent": "rollcall",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "rollcall-attempt": "1",
    });
    // Made here without any code of the framework.
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    expect(headers["webhook-signature"]).to.equal(`v1,${signature}`);
    expect(JSON.parse(body)).to.include({
      id,
      type: "observer.Missing",
      kind: "Missing",
      observer: "payments",
      case: "order 7",
      correlationId: "order 7",
      severity: "page",
      runbook: "https://runbooks/1",
      deadline: "2026-01-01T00:00:00.000Z",
    });
    expect((JSON.parse(body) as { links: object }).links).to.deep.equal({
      case: "https://rollcall.example.com/observers/payments/cases/order%207",
      correlation: "https://rollcall.example.com/correlations/order%207",
    });
  });

  it("is sent again, signed anew and with the same id and body, after 408, 429, 5xx and a connection that breaks", async () => {
    const answers = [408, 429, 500, 599, breaks];
    const id = await to.raise("a");
    const later = await to.raise("a");
    receiver.answer = () => ({ status: answers.shift() ?? 200 });
    to.start(hook());
    await until("it was sent", () => receiver.received.length === 1);
    for (let i = 2; i <= 6; i++) {
      await to.clock.advance(5 * 60_000);
      await until(`it was sent ${i} times`, () => receiver.received.length >= i);
    }
    await to.finishes();
    expect(receiver.refused).to.deep.equal([]);
    expect(receiver.ids).to.deep.equal([id, id, id, id, id, id, later]);
    const first = receiver.received.slice(0, 6);
    expect(new Set(first.map(({ body }) => body)).size).to.equal(1);
    expect(first.map(({ headers }) => headers["rollcall-attempt"])).to.deep.equal(["1", "2", "3", "4", "5", "6"]);
    // Two may fall into one second.
    expect(new Set(first.map(({ headers }) => headers["webhook-signature"])).size).to.be.at.least(5);
    expect(await to.parked()).to.deep.equal([]);
  });

  it("waits as Retry-After says, in seconds or until a date, up to a bound", async () => {
    const sentMs: number[] = [];
    const inAMinute = () => new Date(to.clock.now() + 60_000).toUTCString();
    const asked = [() => "40", inAMinute, () => "86400", () => "soon"];
    receiver.answer = () => {
      sentMs.push(to.clock.now());
      const next = asked.shift();
      return next ? { status: 429, headers: { "retry-after": next() } } : { status: 200 };
    };
    await to.raise("a");
    to.start(hook());
    for (let i = 1; i <= 5; i++) {
      await until(`it was sent ${i} times`, () => receiver.received.length === i);
      await until("it waits, or is done", async () => to.clock.sleeping > 1 || (await to.position()) !== undefined);
      // In small steps, so that the time of each request is known.
      for (let s = 0; s < 310 && receiver.received.length === i; s += 10) {
        await to.clock.advance(10_000);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    }
    const waits = sentMs.slice(1).map((each, i) => each - sentMs[i]!);
    expect(waits[0]).to.be.within(40_000, 60_000);
    expect(waits[1]).to.be.within(60_000, 80_000);
    expect(waits[2]).to.be.within(300_000, 320_000);
    expect(waits[3]).to.be.within(10_000, 50_000);
  });

  for (const [status, remedy] of [
    [302, "Redirects are not followed"],
    [400, "correct the url, the secret or the receiver"],
    [410, "The receiver is gone for good"],
  ] as const)
    it(`is parked at once after ${status}, with the reason and what to do`, async () => {
      receiver.answer = () => ({ status, headers: { location: `${receiver.origin}/elsewhere` } });
      const id = await to.raise("a");
      await to.raise("a");
      to.start(hook());
      await to.finishes();
      expect(receiver.ids).to.deep.equal([id]);
      const [first, second] = await to.parked();
      expect(first).to.include({ eventId: id, attempts: 1 });
      expect(first!.error)
        .to.match(new RegExp(`^DeliveryRefused: ${receiver.origin} was to take flag ${id}: .* found ${status}\\.`))
        .and.include(remedy);
      expect(second!.error).to.match(/^waits behind/);
    });

  it("is sent again when no answer comes in time, and parked when none ever does", async () => {
    receiver.answer = () => new Promise(() => {});
    await to.raise("a");
    to.start(hook({ timeoutMs: 30 }), { maxAttempts: 2 });
    await until("it waits for the second attempt", () => receiver.received.length === 1 && to.clock.sleeping > 1);
    await to.passTime();
    await to.finishes();
    const [parked] = await to.parked();
    expect(parked!.attempts).to.equal(2);
    expect(parked!.error).to.match(/no answer within 30 ms\. Mend the network or the receiver\.$/);
  });

  it("is parked with the reason when nobody listens", async () => {
    await receiver.close();
    await to.raise("a");
    to.start(hook(), { maxAttempts: 1 });
    await to.finishes();
    expect((await to.parked())[0]!.error).to.match(
      /^DeliveryFailed: http:\/\/127\.0\.0\.1:\d+ was to take .*: ECONNREFUSED/,
    );
  });

  it("does not keep a process that stops waiting for an answer", async () => {
    receiver.answer = () => new Promise(() => {});
    await to.raise("a");
    const watched = to.start(hook());
    await until("it was sent", () => receiver.received.length === 1);
    // The manual clock stands still, so a wait for the grace would never end.
    await watched.processor.stop();
    expect(await to.parked()).to.deep.equal([]);
    expect(await to.position()).to.equal(undefined);
  });

  it("takes secrets of plain text, and secrets that are wrapped", async () => {
    await to.raise("a");
    const plain = "a secret of plain text, long enough";
    to.start(hook({ secret: new Secret(secret) }));
    to.start(hook({ name: "plain", secret: plain }));
    await to.finishes();
    await until("both were sent", () => receiver.received.length + receiver.refused.length >= 2);
    expect(receiver.received).to.have.length(1);
    expect(String(receiver.refused[0])).to.match(/none of the signatures/);
  });

  it("shows neither its secret nor its path in anything that is printed, thrown or parked", async () => {
    const shown: string[] = [];
    const look = (value: unknown) =>
      shown.push(inspect(value, { depth: 9, showHidden: true }), String(JSON.stringify(value)));
    await to.raise("a");
    receiver.answer = () => ({ status: 400 });
    const declared = hook();
    const watched = to.start(declared);
    await to.finishes();
    look(declared);
    look((await to.parked()).map(({ position: _, revision: __, ...rest }) => rest));
    look(watched.said.map(({ position: _, ...rest }) => rest));
    await declared
      .deliver(
        { id: "id", type: "t", kind: "k", observer: "o", recordedAt: "" },
        { attempt: 1, clock: to.clock, signal: AbortSignal.abort() },
      )
      ?.catch(look);
    const bad = { url: "ftp://host/hidden-path", secret: `whsec_hidden-token` };
    look(webhook({ name: "bad", ...bad }).problems);
    look(webhook({ name: "short", url: "http://user:hidden-token@host/hidden-path", secret: "hidden-token" }).problems);
    look(webhook({ name: "far", url: "http://host/hidden-path", secret }).warnings);
    expect(shown.join("\n")).to.include("was to take flag");
    for (const hidden of ["hidden", secret, secret.slice(6), "twenty-four bytes"])
      expect(shown.join("\n")).to.not.include(hidden);
  });
});
