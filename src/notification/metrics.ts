/** A notification that counts flags, for Prometheus to scrape at `GET /metrics`. */

import { Counter, Registry } from "prom-client";
import type { Notification, NotificationOptions } from "./notification.js";

/** Counts from when the process started; `sum` over the instances, of which one at a time counts. */
export function metrics(options: NotificationOptions): Notification {
  const registry = new Registry();
  const flags = new Counter({
    name: "rollcall_flags_total",
    help: "Flags that observers raised.",
    labelNames: ["observer", "slot", "kind", "severity"],
    registers: [registry],
  });
  return {
    ...options,
    deliver: ({ observer, slot = "", kind, severity = "" }) => flags.inc({ observer, slot, kind, severity }),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
