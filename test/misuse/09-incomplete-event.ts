// refused: TS2741 Property 'currency' is missing in type '{ total: number; }' but required in type 'Fields<OrderPlaced>'
// A message is made whole or not at all.
import { OrderPlaced } from "../../domains/ordering/index.js";

OrderPlaced.of({ total: 40 });
