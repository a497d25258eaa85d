/** What is wrong with a declared notification is said at once, with the remedy, before anything starts. */

import { expect } from "chai";
import {
  application,
  InvalidModel,
  metrics,
  Rollcall,
  webhook,
  type Notification,
  type WebhookOptions,
} from "../../src/index.js";
import { until } from "../until.js";
import { warningsOf } from "../warnings.js";
import { telling } from "./flagging.js";
import { secret } from "./receiver.js";

const url = "https://example.com/flags";

async function problemsOf(...notifications: readonly Notification[]): Promise<readonly string[]> {
  const opening = Rollcall.open(application({ domains: [], notifications }), {
    store: "memory:",
    readModels: "memory:",
  });
  const outcome = await opening.then(
    (rollcall) => rollcall.stop(),
    (error: unknown) => error,
  );
  if (outcome === undefined) return [];
  expect(outcome).to.be.instanceOf(InvalidModel);
  return (outcome as InvalidModel).problems;
}

const hook = (options: Partial<Record<keyof WebhookOptions, unknown>> = {}) =>
  webhook({ name: "ops", url, secret, ...options } as WebhookOptions);

describe("an application", () => {
  it("opens with notifications that are declared well", async () => {
    const own = telling(() => undefined, { name: "own", notifyFrom: "2026-01-01T01:00:00+01:00" });
    expect(await problemsOf(hook(), metrics({ name: "metrics" }), own)).to.deep.equal([]);
  });

  for (const [what, options, problem] of [
    [
      "no url",
      { url: undefined },
      'has no url. State where flags are to be posted, for example url: "https://example.com/flags".',
    ],
    [
      "a url of another kind",
      { url: "ftp://example.com" },
      "has a url that cannot be posted to. Use one that begins with https:// or http://.",
    ],
    [
      "a password in the url",
      { url: "https://a:b@example.com" },
      "has a user name or a password in its url, which no request may carry. Take it out; requests are signed.",
    ],
    ["no secret", { secret: undefined }, 'has no secret. Make one with: echo "whsec_$(openssl rand -base64 32)"'],
    ["an empty secret", { secret: "  " }, 'has no secret. Make one with: echo "whsec_$(openssl rand -base64 32)"'],
    [
      "a short secret",
      { secret: "0123456789" },
      'has a secret of 10 bytes, which can be guessed; 24 are the least. Make one with: echo "whsec_$(openssl rand -base64 32)"',
    ],
    [
      "a secret that is no base64",
      { secret: "whsec_ä" },
      'has a secret that begins with whsec_ and does not go on as base64. Make one with: echo "whsec_$(openssl rand -base64 32)"',
    ],
    ["no time", { timeoutMs: 0 }, "has timeoutMs 0. Use a number of milliseconds from 1 to 600000."],
    [
      "an apiUrl that is none",
      { apiUrl: "example.com" },
      "has an apiUrl that is no http:// or https:// URL. State where people reach the HTTP API.",
    ],
    [
      "a notifyFrom without an offset",
      { notifyFrom: "2026-01-01T00:00:00" },
      'has notifyFrom "2026-01-01T00:00:00". Use a time with its offset from UTC, such as "2026-01-01T00:00:00Z".',
    ],
    [
      "a notifyFrom that is no date",
      { notifyFrom: "2026-13-01T00:00:00Z" },
      'has notifyFrom "2026-13-01T00:00:00Z". Use a time with its offset from UTC, such as "2026-01-01T00:00:00Z".',
    ],
    ["another startFrom", { startFrom: "yesterday" }, 'has startFrom "yesterday". Use "beginning" or "now".'],
    [
      "a filter that is no function",
      { filter: "Missing" },
      'has a filter that is no function. Use one such as ({ kind }) => kind === "Missing".',
    ],
  ] as const)
    it(`refuses ${what}`, async () => {
      expect(await problemsOf(hook(options))).to.deep.equal([`The notification "ops" ${problem}`]);
    });

  it("refuses bad names, a name twice, metrics twice and what is no notification, all at once", async () => {
    const odd = [{ name: "odd" }, undefined] as unknown as [Notification, Notification];
    expect(
      await problemsOf(
        hook({ name: "Ops!" }),
        hook(),
        hook(),
        metrics({ name: "one" }),
        metrics({ name: "two" }),
        odd[0],
      ),
    ).to.have.members([
      'A notification is named "Ops!". Use lower-case letters, digits and dashes.',
      'Two notifications are named "ops". Rename one.',
      'The notifications "one" and "two" both have metrics, and GET /metrics tells one count. Keep one.',
      'The notification "odd" has no method deliver. Give it one.',
    ]);
    expect(await problemsOf(odd[1])).to.deep.equal([
      "notifications[0] is undefined, not made by webhook({ … }) or the like. Does its module export it, and do two modules import each other in a circle?",
    ]);
  });

  it("warns of flags that travel unencrypted, but not to itself", async () => {
    const warnings = await warningsOf(async (warned) => {
      for (const host of ["localhost:1", "127.0.0.1", "[::1]:80", "example.com:8080"])
        expect(await problemsOf(hook({ url: `http://${host}/hidden` }))).to.deep.equal([]);
      await until("it has warned", () => warned.length > 0);
    });
    expect(warnings.map(String)).to.deep.equal([
      'RollcallWarning: The notification "ops" posts flags to http://example.com:8080 unencrypted, where everybody on the way can read them. Use https.',
    ]);
  });
});
