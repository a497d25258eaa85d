/** The store of the read models as one process sees it: by way of its line. */

import type { Commit, Generation, Lease, ReadModelStore } from "../../src/index.js";
import type { Line } from "./line.js";

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Every method is a call; a commit is what it was when it was asked for. */
export function distantReadModels(inner: ReadModelStore, line: Line): ReadModelStore {
  const commit = (generation: Generation, lease: Lease, { rows, checkpoint }: Commit) => {
    const changes = [...rows];
    const what = `commit ${changes.map(([key]) => key).join(" ")} at ${checkpoint.position}`;
    return line.call("rows", what, () => inner.commit(generation, lease, { rows: changes, checkpoint }));
  };
  return new Proxy(inner, {
    get(target, name: keyof ReadModelStore) {
      if (name === "commit") return commit;
      if (name === "allRows") throw new Error("Whoever follows the log never reads all rows.");
      return (...args: readonly unknown[]) => line.call("rows", name, () => (target[name] as Method)(...args));
    },
  });
}
