/** What the generated history is read into: a keyed read model, and an observer. */

import {
  application,
  byCorrelationId,
  DomainEvent,
  Observer,
  Projection,
  Projects,
  whenever,
} from "../../src/index.js";

class Opened extends DomainEvent("bench.Opened") {
  readonly customer!: string;
  readonly amount!: number;
}
class Changed extends DomainEvent("bench.Changed") {
  readonly amount!: number;
  readonly status!: string;
}
class Paid extends DomainEvent("bench.Paid") {
  readonly amount!: number;
}
class Shipped extends DomainEvent("bench.Shipped") {
  readonly address!: { readonly city: string };
}
class Closed extends DomainEvent("bench.Closed") {
  readonly number!: number;
}

interface Account {
  readonly customer: string;
  readonly status: string;
  readonly total: number;
  readonly paid: number;
  readonly city: string;
  readonly events: number;
}
const none: Account = { customer: "", status: "new", total: 0, paid: 0, city: "", events: 0 };

@Projection<Account>({ name: "bench-accounts", version: 1, key: byCorrelationId, indexes: ["status"] })
class Accounts {
  @Projects(Opened)
  opened({ customer, amount }: Opened, row: Account = none): Account {
    return { ...row, customer, total: row.total + amount, events: row.events + 1 };
  }
  @Projects(Changed)
  changed({ amount, status }: Changed, row: Account = none): Account {
    return { ...row, status, total: row.total + amount, events: row.events + 1 };
  }
  @Projects(Paid)
  paid({ amount }: Paid, row: Account = none): Account {
    return { ...row, paid: row.paid + amount, events: row.events + 1 };
  }
  @Projects(Shipped)
  shipped({ address }: Shipped, row: Account = none): Account {
    return { ...row, city: address.city, events: row.events + 1 };
  }
  @Projects(Closed)
  closed(_: Closed, row: Account = none): Account {
    return { ...row, status: "closed", events: row.events + 1 };
  }
}

@Observer({ name: "bench-payments", version: 1 })
class Payments {
  readonly payment = whenever(Opened).expect(Paid).within({ hours: 1 }).unless("bench.Cancelled");
}

export const accounts = application({ domains: [], projections: [Accounts], observers: [Payments] });
