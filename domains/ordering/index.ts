/** What other folders may know of ordering: its messages and its registration, not its aggregate. */

import { domain } from "../../src/index.js";
import { upcasters } from "./events.js";
import { Order } from "./order.js";

export { CancelOrder, PlaceOrder } from "./commands.js";
export { currencies, OrderCancelled, OrderPlaced, type Currency } from "./events.js";

export const ordering = domain({ name: "ordering", aggregates: [Order], upcasters });
