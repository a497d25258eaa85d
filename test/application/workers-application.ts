/** What the threads of a rebuild load in tests. */

import { application, Observer, whenever } from "../../src/index.js";
import { keyedProjections } from "../projection/keyed.js";
import { Counted, Dropped } from "../subscription/things.js";

@Observer({ name: "dropping", version: 1 })
class Dropping {
  readonly dropped = whenever(Counted).expect(Dropped).within({ hours: 1 });
}

export default application({ projections: keyedProjections, observers: [Dropping] });
