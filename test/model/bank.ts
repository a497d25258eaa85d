/** One sound class of each role, for tests of the model, and the problems of what they declare. */

import { expect } from "chai";
import {
  Aggregate,
  Applies,
  byAggregateId,
  Command,
  DomainEvent,
  Handles,
  InvalidModel,
  Observer,
  Projection,
  Projects,
  Reactor,
  ReactsTo,
  upcaster,
  whenever,
} from "../../src/index.js";
import { buildModel, type Declarations } from "../../src/model/index.js";

export class Open extends Command("bank.Open") {}
export class Close extends Command("bank.Close") {}
export class Opened extends DomainEvent("bank.Opened", { version: 2 }) {}
export class Closed extends DomainEvent("bank.Closed") {}
export const toTwo = upcaster("bank.Opened", { from: 1 }, (data: object) => data);

@Aggregate({ name: "account" })
export class Account {
  @Handles(Open)
  open(_: Open): Opened {
    return Opened.of({});
  }

  @Applies(Opened)
  opened(_: Opened): void {}
}

@Reactor({ name: "greeter" })
export class Greeter {
  @ReactsTo(Opened)
  greet(_: Opened): void {}
}

@Projection<{ open: boolean }>({ name: "accounts", version: 1, key: byAggregateId })
export class Accounts {
  @Projects(Opened)
  opened(_: Opened): { open: boolean } {
    return { open: true };
  }
}

@Observer({ name: "account-closing" })
export class Closing {
  readonly closing = whenever(Opened).expect(Closed).within({ days: 1 });
}

const nothing: Declarations = { aggregates: [], reactors: [], projections: [], observers: [], upcasters: [] };

export function problemsOf(declarations: Partial<Declarations>): readonly string[] {
  try {
    buildModel({ ...nothing, ...declarations });
    return [];
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidModel);
    return (error as InvalidModel).problems;
  }
}
