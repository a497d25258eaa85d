/** Whatever happens around an observer that may only read the log: what is rebuilt is what was live. */

import { expect } from "chai";
import fc from "fast-check";
import { until } from "../until.js";
import { runs } from "../runs.js";
import { ReadingOnly } from "../observer/reading-only.js";

type Happening =
  | { readonly kind: "Ordered" | "Paid" | "acknowledge"; readonly order: string }
  | { readonly kind: "pass" | "lag"; readonly ms: number }
  | { readonly kind: "rebuild" | "rebuild meanwhile" | "restart" };

const order = fc.constantFrom("a", "b", "c", "d");
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("Ordered", "Paid"), order }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("acknowledge"), order }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.constantFrom(3_000, 12_000, 20_000, 4_000_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lag"), ms: fc.constantFrom(0, 4_000, 11_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("rebuild", "rebuild meanwhile", "restart") }) },
);

async function happens(to: ReadingOnly, each: Happening): Promise<void> {
  switch (each.kind) {
    case "Ordered":
    case "Paid":
      return to.record(each.kind, each.order);
    case "acknowledge":
      return to.acknowledge(each.order);
    case "pass":
      return to.pass(each.ms, Math.max(500, each.ms / 50));
    case "lag":
      to.lagMs = each.ms;
      return;
    case "rebuild":
      return to.rebuild();
    case "rebuild meanwhile":
      await Promise.all([to.rebuild(), to.pass(20_000)]);
      return;
    case "restart":
      await to.stopAll();
      to.start();
  }
}

describe("an observer that may only read the log", function () {
  this.timeout(runs(120_000, 3_600_000));

  it("is rebuilt to what it was, flags included, whatever happened around it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 25 }), async (happenings) => {
        const to = await ReadingOnly.open();
        try {
          to.start();
          for (const each of happenings) await happens(to, each);
          const head = await to.written.head();
          if (head !== undefined) await to.handled(head);
          await to.stopAll();
          const [kept, flags] = [await to.kept(), await to.flags()];
          await to.rebuild();
          expect(await to.kept()).to.deep.equal(kept);
          expect(await to.flags()).to.deep.equal(flags);
          expect(await to.written.head()).to.equal(head);
          const again = to.start();
          await to.pass(20_000, 500);
          await until("it is live", () => again.state === "live");
        } finally {
          await to.close();
        }
      }),
      { numRuns: runs(20, 1_000) },
    );
  });
});
