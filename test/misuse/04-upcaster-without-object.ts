// refused: TS2345 Type 'number' is not assignable to type 'object'
// A step leads to the data of the next version, which is an object.
import { upcaster } from "../../src/index.js";

upcaster("ordering.OrderPlaced", { from: 1 }, ({ amount }: { amount: string }) => Number(amount));
