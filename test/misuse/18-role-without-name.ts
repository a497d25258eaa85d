// refused: TS2741 Property 'name' is missing in type '{}' but required in type 'AggregateOptions'
// What is stored is named by hand, never after a class.
import { Aggregate } from "../../src/index.js";

@Aggregate({})
export class Order {}
