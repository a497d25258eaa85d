// refused: TS1241 is missing in type 'PaymentTaken' but required in type 'AnyCommand'
// A reactor asks with commands; only an aggregate may record events.
import { PaymentTaken } from "../../domains/billing/index.js";
import { OrderPlaced } from "../../domains/ordering/index.js";
import { ReactsTo } from "../../src/index.js";

export class BillPlacedOrders {
  @ReactsTo(OrderPlaced)
  bill({ total }: OrderPlaced): PaymentTaken {
    return PaymentTaken.of({ paymentId: "p-1", amount: total });
  }
}
