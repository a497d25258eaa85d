/** A notification that counts flags, for Prometheus to scrape at `GET /metrics`. */

import type { Counter, Registry } from "prom-client";
import type { Notification, NotificationOptions } from "./notification.js";

/** Counts from when the process started; `sum` over the instances, of which one at a time counts. */
export function metrics(options: NotificationOptions): Notification {
  let loading: Promise<Counters> | undefined;
  const counters = () => (loading ??= load());
  return {
    ...options,
    deliver: async ({ observer, slot = "", kind, severity = "" }) => {
      (await counters()).flags.inc({ observer, slot, kind, severity });
    },
    exposition: async () => {
      const { registry } = await counters();
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

interface Counters {
  readonly registry: Registry;
  readonly flags: Counter;
}

/** Only where it is used: it takes a fifth of a second. */
async function load(): Promise<Counters> {
  const { Counter, Registry } = await import("prom-client");
  // One of its own: the library's is shared by everything in the process.
  const registry = new Registry();
  const flags = new Counter({
    name: "rollcall_flags_total",
    help: "Flags that observers raised.",
    labelNames: ["observer", "slot", "kind", "severity"],
    registers: [registry],
  });
  return { registry, flags };
}
