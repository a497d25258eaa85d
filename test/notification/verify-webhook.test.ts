/** Who receives webhooks can tell those that are genuine. */

import { createHmac } from "node:crypto";
import { expect } from "chai";
import { InvalidConfiguration, InvalidWebhook, Secret, verifyWebhook } from "../../src/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

/** The example by which implementations of Standard Webhooks compare themselves. */
const known = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  body: '{"test": 2432232314}',
  headers: {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  },
};

describe("the receiver of a webhook", () => {
  const at = (seconds: number) => ({ clock: new ManualClock(seconds * 1_000) });
  const now = at(1614265330);
  const verify = (headers: object = {}, body: string | Uint8Array = known.body, secret = known.secret, options = now) =>
    verifyWebhook({ ...known.headers, ...headers }, body, secret, options);

  it("takes what the specification's example says, from text or bytes, whatever holds the headers", () => {
    const flag = { test: 2432232314 };
    expect(verify()).to.deep.equal(flag);
    expect(verify({}, new TextEncoder().encode(known.body))).to.deep.equal(flag);
    expect(verifyWebhook(new Headers(known.headers), known.body, new Secret(known.secret), now)).to.deep.equal(flag);
    const shouted = Object.fromEntries(
      Object.entries(known.headers).map(([name, each]) => [name.toUpperCase(), [each]]),
    );
    expect(verifyWebhook(shouted, known.body, known.secret, now)).to.deep.equal(flag);
  });

  it("takes one of several signatures, as they come while a secret is changed", () => {
    const { "webhook-signature": genuine } = known.headers;
    expect(verify({ "webhook-signature": `v1,bm90IG1pbmU= v2,whatever ${genuine}` })).to.have.property("test");
  });

  it("refuses another body, another id, another secret, and a signature that is cut, longer or of another version", () => {
    const { "webhook-signature": genuine } = known.headers;
    const attempts = [
      () => verify({}, '{"test": 2432232315}'),
      () => verify({ "webhook-id": "msg_other" }),
      () => verify({ "webhook-timestamp": "1614265331" }),
      () => verify({}, known.body, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"),
      () => verify({ "webhook-signature": genuine.slice(0, -1) }),
      () => verify({ "webhook-signature": `${genuine}A` }),
      () => verify({ "webhook-signature": genuine.replace("v1", "v2") }),
      () => verify({ "webhook-signature": "v1," }),
    ];
    for (const [i, attempt] of attempts.entries())
      expect(attempt, `attempt ${i}`).to.throw(InvalidWebhook, "none of the signatures");
  });

  it("refuses what was signed too long ago, or too far ahead, or at no time", () => {
    const found =
      (seconds: number, options = {}) =>
      () =>
        verify({}, known.body, known.secret, { ...at(1614265330 + seconds), ...options });
    expect(found(300)()).to.have.property("test");
    expect(found(-300)()).to.have.property("test");
    for (const seconds of [301, -301]) expect(found(seconds)).to.throw(InvalidWebhook, "within 300 seconds of now");
    expect(found(31, { toleranceSeconds: 30 })).to.throw(InvalidWebhook, "within 30 seconds of now");
    expect(found(0, { toleranceSeconds: Number.NaN })).to.throw(InvalidWebhook);
    for (const time of ["soon", "1e99", "-1"])
      expect(() => verify({ "webhook-timestamp": time }), time).to.throw(InvalidWebhook, "webhook-timestamp");
  });

  it("refuses a request without one of the headers, and one whose signed body is no JSON", () => {
    for (const name of Object.keys(known.headers))
      expect(() => verify({ [name]: undefined }), name).to.throw(
        InvalidWebhook,
        `expected a header ${name}, found none`,
      );
    const key = Buffer.from(known.secret.slice("whsec_".length), "base64");
    const { "webhook-id": id, "webhook-timestamp": timestamp } = known.headers;
    const digest = createHmac("sha256", key).update(`${id}.${timestamp}.no JSON`).digest("base64");
    expect(() => verify({ "webhook-signature": `v1,${digest}` }, "no JSON"))
      .to.throw(InvalidWebhook, "expected a body of JSON")
      .with.property("code", "INVALID_WEBHOOK");
  });

  it("must have a proper secret: an empty one would let everything through", () => {
    for (const secret of ["", " ", "whsec_", "short"])
      expect(() => verify({}, known.body, secret), secret).to.throw(InvalidConfiguration, "verifyWebhook has");
    expect(() => verifyWebhook(known.headers, known.body, undefined, now)).to.throw(InvalidConfiguration, "no secret");
  });
});
