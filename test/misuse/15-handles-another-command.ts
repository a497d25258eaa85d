// refused: TS1241 Property 'reason' is missing in type 'PlaceOrder' but required in type 'CancelOrder'
// The decorator names one command, the parameter another.
import { CancelOrder, PlaceOrder } from "../../domains/ordering/index.js";
import { Handles } from "../../src/index.js";

export class Order {
  @Handles(PlaceOrder)
  cancel(_: CancelOrder): [] {
    return [];
  }
}
