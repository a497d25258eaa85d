import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { application, MemoryEventStore, Observer, randomId, Rollcall, whenever } from "../../src/index.js";
import { until } from "../until.js";

@Observer({ name: "payments", version: 1 })
class Payments {
  readonly paid = whenever("Ordered").expect("Paid").within({ milliseconds: 20 });
}

@Observer({ name: "payments", version: 2 })
class PaymentsLater {
  readonly paid = whenever("Ordered").expect("Paid").within({ milliseconds: 30 });
}

interface ShownCase {
  readonly status?: string;
  readonly flagCount?: number;
  readonly flags?: readonly { readonly kind: string; readonly version: number }[];
}

describe("A case that an earlier version has flagged, over HTTP,", () => {
  let folder: string;
  const store = new MemoryEventStore();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  });
  after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const during = async (observer: new () => object, work: (shown: () => Promise<ShownCase>) => Promise<void>) => {
    const settings = { readModels: join(folder, "rows.sqlite"), http: { host: "127.0.0.1", port: 0 } };
    const rollcall = await Rollcall.open(application({ observers: [observer as never] }), settings, { store });
    try {
      await rollcall.start();
      await work(async () => (await (await fetch(`${rollcall.url}/observers/payments/cases/one`)).json()) as ShownCase);
    } finally {
      await rollcall.stop();
    }
  };
  const record = (type: string) =>
    store.append(`order-${type}`, [{ id: randomId(), type, data: {}, metadata: { $correlationId: "one" } }], {
      expectedRevision: "any",
    });

  it("shows the flags of all versions that it was judged by", async () => {
    await during(Payments, async (shown) => {
      await record("Ordered");
      await until("it is flagged", async () => (await shown()).flagCount === 1);
    });
    await during(PaymentsLater, async (shown) => {
      await record("Paid");
      await until("it has recovered", async () => (await shown()).status === "recovered");
      const { flagCount, flags } = await shown();
      expect(flagCount).to.equal(2);
      expect(flags!.map(({ kind, version }) => [kind, version])).to.deep.equal([
        ["Missing", 1],
        ["LateArrival", 1],
      ]);
    });
  });
});
