// refused: TS2345 Argument of type 'PaymentTaken' is not assignable to parameter of type 'AppliedOf<Order>'
// An aggregate's history holds what it applies.
import { PaymentTaken } from "../../domains/billing/index.js";
import { Order } from "../../domains/ordering/order.js";
import { aggregate } from "../../src/testing/index.js";

aggregate(Order).given(PaymentTaken.of({ paymentId: "p-1", amount: 40 }));
