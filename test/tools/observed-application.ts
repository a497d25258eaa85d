/**
 * An application of observers alone, for the tests of `observe`: `--app` takes it. OBSERVED_VERSION raises a version,
 * OBSERVED_HOURS changes its terms.
 */

import { application, Observer, whenever } from "../../src/index.js";

@Observer({
  name: "deliveries",
  version: Number(process.env["OBSERVED_VERSION"] ?? 1),
  applyTo: "all",
  keys: {
    "shop.Packed": { key: "data.order", alias: "data.parcel" },
    "shop.Delivered": { via: "data.parcel" },
  },
})
class Deliveries {
  readonly delivery = whenever("shop.Packed")
    .expect("shop.Delivered")
    .within({ hours: Number(process.env["OBSERVED_HOURS"] ?? 1) })
    .escalating({ days: 1 })
    .owner("depot")
    .severity("critical")
    .runbook("https://runbooks.example/deliveries");
}

@Observer({ name: "payments", version: 1 })
class Payments {
  readonly payment = whenever("shop.Ordered")
    .expect("shop.Paid")
    .within({ minutes: 10 })
    .once()
    .unless("shop.Cancelled");
}

export default application({ domains: [], observers: [Deliveries, Payments] });
