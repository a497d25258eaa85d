// refused: TS2540 Cannot assign to 'total' because it is a read-only property
// A message is never changed.
import { OrderPlaced } from "../../domains/ordering/index.js";

const placed = OrderPlaced.of({ total: 40, currency: "EUR" });
placed.total = 41;
