/** The application that the threads of a rebuild load in the benchmark. */

import { summing } from "./order-summaries.js";

export default summing(1);
