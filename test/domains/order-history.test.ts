/** An order does what a few lines of plain code say, whatever commands come in whatever order, and loads what was recorded. */

import { expect } from "chai";
import fc from "fast-check";
import { CancelOrder, ordering, PlaceOrder } from "../../domains/ordering/index.js";
import { CommandBus, CommandRejected, MemoryEventStore, randomId, type RollcallError } from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";

const model = buildModel({
  aggregates: ordering.aggregates!,
  reactors: [],
  projections: [],
  observers: [],
  upcasters: ordering.upcasters!,
});

type Step = { readonly verb: "place" | "cancel"; readonly order: number; readonly retried: boolean };

const steps = fc.array(
  fc.record({ verb: fc.constantFrom("place", "cancel"), order: fc.nat({ max: 2 }), retried: fc.boolean() }),
  { maxLength: 20 },
) as fc.Arbitrary<Step[]>;

/** What each step leads to, without events: a state per order. */
function expected(history: readonly Step[]): (string | undefined)[] {
  const states = new Map<number, "placed" | "cancelled">();
  return history.map(({ verb, order }) => {
    const state = states.get(order);
    if (verb === "place") {
      if (state) return "The order is already placed.";
      states.set(order, "placed");
      return "ordering.OrderPlaced";
    }
    if (!state) return "There is no order to cancel.";
    states.set(order, "cancelled");
    return state === "placed" ? "ordering.OrderCancelled" : undefined;
  });
}

describe("any history of orders", () => {
  it("leads, command by command, to what the model says; retries included", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const bus = new CommandBus(model, new MemoryEventStore());
        const found: (string | undefined)[] = [];
        for (const { verb, order, retried } of history) {
          const aggregateId = `${order}`;
          const command =
            verb === "place"
              ? PlaceOrder.of({ aggregateId, total: 40, currency: "EUR" })
              : CancelOrder.of({ aggregateId, reason: "mistake" });
          const commandId = randomId();
          const outcome = () =>
            bus.dispatch(command, { commandId }).then(
              ({ eventTypes }) => eventTypes[0],
              (error: RollcallError) => {
                expect(error).to.be.instanceOf(CommandRejected);
                return error.message;
              },
            );
          found.push(await outcome());
          if (retried) expect(await outcome(), "the retry").to.equal(found.at(-1));
        }
        expect(found).to.deep.equal(expected(history));
      }),
      { numRuns: 150 },
    );
  });

  it("goes on from what version 1 recorded", async () => {
    const store = new MemoryEventStore();
    const old = {
      id: randomId(),
      type: "ordering.OrderPlaced",
      data: { amount: "40" },
      metadata: { $correlationId: "process" },
    };
    await store.append("order-7", [old], { expectedRevision: "no_stream" });
    const bus = new CommandBus(model, store);
    const result = await bus.dispatch(CancelOrder.of({ aggregateId: "7", reason: "mistake" }));
    expect(result).to.deep.include({ correlationId: "process", revision: 1n, eventTypes: ["ordering.OrderCancelled"] });
  });
});
