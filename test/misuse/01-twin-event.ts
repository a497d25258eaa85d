// refused: TS1241 Type '"ordering.OrderCancelled"' is not assignable to type '"ordering.OrderReopened"'
// Same fields, different event: structural typing alone would let this pass.
import { OrderCancelled } from "../../domains/ordering/index.js";
import { Applies, DomainEvent } from "../../src/index.js";

class OrderReopened extends DomainEvent("ordering.OrderReopened") {
  readonly reason!: string;
}

export class Order {
  @Applies(OrderCancelled)
  cancelled(_: OrderReopened): void {}
}
