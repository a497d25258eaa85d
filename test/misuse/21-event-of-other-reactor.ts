// refused: TS2741 Property 'total' is missing in type 'PaymentTaken' but required in type 'OrderPlaced'
// The test language knows what a reactor reacts to.
import { PaymentTaken } from "../../domains/billing/index.js";
import { RequestPayment } from "../../domains/billing/request-payment.js";
import { reactor } from "../../src/testing/index.js";

const gateway = { request: () => Promise.resolve({ captures: [] }) };
reactor(new RequestPayment(gateway)).when(PaymentTaken.of({ paymentId: "p-1", amount: 40 }));
