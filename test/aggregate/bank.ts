/** A small domain for tests of the command bus, and a bus over it. */

import { IsPositive } from "class-validator";
import {
  Aggregate,
  Applies,
  Command,
  CommandBus,
  CommandRejected,
  DomainEvent,
  Handles,
  upcaster,
  type CommandBusOptions,
  type DecisionContext,
  type EventStore,
  type RecordedEvent,
} from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";
import { RecordingStore } from "./recording-store.js";

export class Deposit extends Command("bank.Deposit") {
  @IsPositive()
  readonly amount!: number;
}

export class Withdraw extends Command("bank.Withdraw") {
  @IsPositive()
  readonly amount!: number;
}

/** Decides as many events as it is told. */
export class DepositMany extends Command("bank.DepositMany") {
  @IsPositive({ each: true })
  readonly amounts!: readonly number[];
}

export class Deposited extends DomainEvent("bank.Deposited", { version: 2 }) {
  readonly cents!: number;
}

export class Withdrawn extends DomainEvent("bank.Withdrawn") {
  readonly cents!: number;
}

@Aggregate({ name: "account" })
export class Account {
  private cents = 0;

  @Handles(Deposit)
  deposit({ amount }: Deposit): Deposited {
    return Deposited.of({ cents: amount * 100 });
  }

  @Handles(DepositMany)
  depositMany({ amounts }: DepositMany, _: DecisionContext): Deposited[] {
    return amounts.map((amount) => Deposited.of({ cents: amount * 100 }));
  }

  @Handles(Withdraw)
  withdraw({ amount }: Withdraw): Withdrawn {
    if (amount * 100 > this.cents) throw new CommandRejected(`There are ${this.cents} cents.`);
    return Withdrawn.of({ cents: amount * 100 });
  }

  @Applies(Deposited)
  deposited({ cents }: Deposited): void {
    this.cents += cents;
  }

  @Applies(Withdrawn)
  withdrawn({ cents }: Withdrawn): void {
    this.cents -= cents;
  }
}

export const bank = () =>
  buildModel({
    aggregates: [Account],
    reactors: [],
    projections: [],
    observers: [],
    // Version 1 counted in whole units.
    upcasters: [upcaster("bank.Deposited", { from: 1 }, ({ amount }: { amount: number }) => ({ cents: amount * 100 }))],
  });

export const deposit = (amount: number, aggregateId = "1") => Deposit.of({ aggregateId, amount });
export const withdraw = (amount: number, aggregateId = "1") => Withdraw.of({ aggregateId, amount });

export function bankWith(options: CommandBusOptions = {}, inner?: EventStore) {
  const store = new RecordingStore(inner);
  // A rival is another process: within one, commands of one stream take turns.
  const busOfRival = () => new CommandBus(bank(), store, options);
  return { store, bus: busOfRival(), busOfRival };
}

export async function eventsOf(store: EventStore, streamName = "account-1"): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readStream(streamName)) events.push(...page);
  return events;
}
