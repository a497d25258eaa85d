/** What other folders may know of billing: its messages, its gateway's port and its registration. */

import { domain } from "../../src/index.js";
import { AskAgain } from "./ask-again.js";
import { Payment } from "./payment.js";
import { RequestPayment } from "./request-payment.js";

export { RecordPayment, RecordRefusal } from "./commands.js";
export { PaymentRefused, PaymentTaken } from "./events.js";
export { PaymentGateway, type PaymentAnswer, type PaymentRequest } from "./payment-gateway.js";

export const billing = domain({ name: "billing", aggregates: [Payment], reactors: [RequestPayment] });

/** The same, for an application whose observer flags payments that did not come: it asks for them once more. */
export const billingThatAsksAgain = domain({ ...billing, reactors: [RequestPayment, AskAgain] });
