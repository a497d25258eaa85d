/** A reactor whose reaction a test writes: it answers orders with charges, through the real command bus. */

import { IsPositive } from "class-validator";
import {
  Aggregate,
  Applies,
  Command,
  CommandBus,
  CommandRejected,
  DomainEvent,
  Handles,
  Reactor,
  ReactorSubscriber,
  ReactsTo,
  type AnyCommand,
  type EventMetadata,
  type ParkedEvent,
  type Reaction,
  type ReactorLimits,
  type ReactorOptions,
  type ReadModelStore,
  type RecordedEvent,
} from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";
import { openSqliteReadModelStore } from "../../src/projection/sqlite/read-model-store.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { FaultyStore } from "../subscription/faulty-store.js";
import { record, Watched } from "../subscription/things.js";
import { until } from "../until.js";

export class Ordered extends DomainEvent("shop.Ordered") {
  readonly amount!: number;
}

export class Charge extends Command("bank.Charge") {
  @IsPositive()
  readonly amount!: number;
}

/** A command that nobody handles. */
export class Forgive extends Command("bank.Forgive") {}

export class Charged extends DomainEvent("bank.Charged") {
  readonly amount!: number;
}

export const refused = 1_000_000;

@Aggregate({ name: "charge" })
class Account {
  /** Decides anew whenever it is asked, so that a command that counts twice shows. */
  @Handles(Charge)
  charge({ amount }: Charge): Charged {
    if (amount === refused) throw new CommandRejected("That is too much.");
    return Charged.of({ amount });
  }

  @Applies(Charged)
  charged(_: Charged): void {}
}

export type Reacting = (
  order: string,
  amount: number,
  reaction: Reaction,
) => AnyCommand | readonly AnyCommand[] | void | Promise<AnyCommand | readonly AnyCommand[] | void>;

export const charge = (aggregateId: string, amount: number): Charge => Charge.of({ aggregateId, amount });

/** A log and read models that outlive the reactors of one test, which stand for processes. */
export class Charging {
  readonly store = new FaultyStore();
  readonly running: Watched[] = [];

  private constructor(
    readonly clock: ManualClock,
    readonly readModels: ReadModelStore,
  ) {}

  static async open(): Promise<Charging> {
    const clock = new ManualClock();
    return new Charging(clock, await openSqliteReadModelStore({ file: ":memory:", clock }));
  }

  /** Starts a reactor; `limits.clock` is the manual one unless stated. */
  start(react: Reacting, limits: ReactorLimits & Omit<ReactorOptions, "name"> = {}): Watched {
    const { includeImported = false, startFrom, ...rest } = limits;
    @Reactor({ name: "charge", includeImported, ...(startFrom && { startFrom }) })
    class ChargeOrders {
      @ReactsTo(Ordered)
      react({ amount }: Ordered, { aggregateId }: RecordedEvent, reaction: Reaction) {
        return react(aggregateId, amount, reaction);
      }
    }
    const { clock, store, readModels } = this;
    const none = { projections: [], observers: [], upcasters: [] };
    const model = buildModel({ ...none, aggregates: [Account], reactors: [ChargeOrders] });
    const bus = new CommandBus(model, store);
    const [declared] = model.reactors;
    const instance = new ChargeOrders();
    const subscriber = new ReactorSubscriber(declared!, instance, model, bus, store, readModels, { clock, ...rest });
    const watched = new Watched(subscriber, store, readModels, {
      holder: `process-${this.running.length}`,
      clock: limits.clock ?? clock,
    });
    this.running.push(watched);
    watched.processor.start();
    return watched;
  }

  /** Orders by name, one event each. */
  async order(...orders: readonly (readonly [order: string, amount: number, metadata?: EventMetadata])[]) {
    for (const [name, amount, metadata] of orders)
      await record(this.store.inner, `order-${name}`, [Ordered.of({ amount })], metadata);
  }

  async charges(): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const page of this.store.inner.readLog({ filter: { eventTypes: [Charged.type] } })) events.push(...page);
    return events;
  }

  /** Each as `order amount`, in the order of the log. */
  async charged(): Promise<string[]> {
    return (await this.charges()).map(
      ({ aggregateId, data }) => `${aggregateId} ${(data as { readonly amount: number }).amount}`,
    );
  }

  async position(): Promise<bigint | undefined> {
    return (await this.readModels.loadCheckpoint("reactor:charge"))?.position;
  }

  /** Waits until the checkpoint is at `position`. */
  async reaches(position: bigint): Promise<void> {
    await until(`the checkpoint is at ${position}`, async () => (await this.position()) === position);
  }

  parked(): Promise<readonly ParkedEvent[]> {
    return this.readModels.parked("reactor:charge");
  }

  async close(): Promise<void> {
    const stopping = Promise.all(this.running.map(({ processor }) => processor.stop()));
    // What hangs is waited for by the clock.
    await this.clock.advance(5_000);
    await stopping;
    await this.readModels.close();
  }
}

/** Lets a test decide when something that others wait for happens. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Gates by name, made when they are asked for. */
export class Gates {
  private readonly gates = new Map<string, Gate>();
  /** Who has come to a gate, in order. */
  readonly arrived: string[] = [];

  async pass(name: string): Promise<void> {
    this.arrived.push(name);
    await this.of(name).opened;
  }

  open(...names: readonly string[]): void {
    for (const name of names) this.of(name).open();
  }

  private of(name: string): Gate {
    let gate = this.gates.get(name);
    if (!gate) this.gates.set(name, (gate = new Gate()));
    return gate;
  }
}
