/** What the example application consists of. Every command takes another one by `--app`. */

import { billingThatAsksAgain } from "../domains/billing/index.js";
import { ordering } from "../domains/ordering/index.js";
import { LoanApplications } from "../projections/loan-applications.js";
import { OrderSummaryProjection } from "../projections/order-summary.js";
import { OrderToCash } from "../projections/order-to-cash.js";
import { application, metrics } from "../src/index.js";
import { bindDemoGateway } from "./demo/payment-gateway.js";

export default application({
  domains: [ordering, billingThatAsksAgain],
  projections: [OrderSummaryProjection],
  observers: [OrderToCash, LoanApplications],
  notifications: [metrics({ name: "metrics" })],
  bindings: bindDemoGateway,
});
