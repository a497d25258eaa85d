// refused: TS2345 Argument of type 'RecordPayment' is not assignable to parameter of type 'CommandsOf<Order>'
// The test language knows which commands an aggregate handles.
import { RecordPayment } from "../../domains/billing/index.js";
import { Order } from "../../domains/ordering/order.js";
import { aggregate } from "../../src/testing/index.js";

aggregate(Order).when(RecordPayment.of({ aggregateId: "o-1", paymentId: "p-1", amount: 40 }));
