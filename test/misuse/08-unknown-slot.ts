// refused: TS2322 Type '"paymnet"' is not assignable to type '"payment"'
// A slot has the name of the observer's own field.
import { OrderToCash } from "../../projections/order-to-cash.js";
import { observer } from "../../src/testing/index.js";

observer(OrderToCash).thenFlags({ slot: "paymnet", kind: "Missing" });
