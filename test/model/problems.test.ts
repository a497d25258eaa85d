/** An unsound model is refused once, as a whole: every problem is named, each with its remedy. */

import { expect } from "chai";
import {
  Aggregate,
  Applies,
  byAggregateId,
  DomainEvent,
  Handles,
  InvalidModel,
  Projection,
  Projects,
  Reactor,
  ReactsTo,
} from "../../src/index.js";
import { buildModel } from "../../src/model/index.js";
import { Open, Close, Closed, toTwo, Account, Accounts, problemsOf } from "./bank.js";

describe("an unsound model", () => {
  it("is refused with every problem at once, numbered", () => {
    class Roleless {}

    @Aggregate({ name: "cash-desk", version: 0 })
    class CashDesk {
      @Handles(Open)
      open(_: Open): [] {
        return [];
      }

      @Applies(Closed)
      closed(_: Closed): void {}

      forgotten(): void {}
    }

    const declarations = {
      aggregates: [Account, CashDesk, Roleless],
      reactors: [Accounts],
      projections: [],
      observers: [],
      upcasters: [],
    };
    expect(() => buildModel(declarations, ["A problem that another folder found."]))
      .to.throw(InvalidModel)
      .that.includes({
        code: "INVALID_MODEL",
        message: [
          "The model has 8 problem(s):",
          "  1. A problem that another folder found.",
          "  2. Roleless has no role, but is registered as an @Aggregate. Decorate it so, or register it as what it is.",
          "  3. Accounts is a @Projection, but is registered as a @Reactor. Decorate it so, or register it as what it is.",
          '  4. CashDesk is named "cash-desk". A category is a letter, then letters, digits, "_" and "."; no dash, which ends it.',
          "  5. CashDesk has version 0. Versions are whole numbers from 1.",
          "  6. CashDesk.forgotten is undecorated. Add @Handles or @Applies, or make it a function outside the class.",
          "  7. bank.Open is handled by both Account.open and CashDesk.open. Keep one.",
          "  8. bank.Opened has version 2 but no upcaster from version 1. Register one.",
        ].join("\n"),
      });
  });

  it("is one where two classes of one name handle a command", () => {
    const another = (() => {
      @Aggregate({ name: "other" })
      class Account {
        @Handles(Open)
        open(_: Open): [] {
          return [];
        }

        @Applies(Closed)
        closed(_: Closed): void {}
      }
      return Account;
    })();
    expect(problemsOf({ aggregates: [Account, another], upcasters: [toTwo] })).to.deep.equal([
      "bank.Open is handled by both Account.open and Account.open. Keep one.",
    ]);
  });

  it("is one where a class decides a command, or folds an event, twice", () => {
    @Aggregate({ name: "twice" })
    class Twice {
      @Handles(Close)
      first(_: Close): [] {
        return [];
      }

      @Handles(Close)
      second(_: Close): [] {
        return [];
      }

      @Applies(Closed)
      third(_: Closed): void {}

      @Applies(Closed)
      fourth(_: Closed): void {}
    }
    expect(problemsOf({ aggregates: [Twice] })).to.deep.equal([
      "Twice.first and Twice.second both carry @Handles(bank.Close). Keep one.",
      "Twice.third and Twice.fourth both carry @Applies(bank.Closed). Keep one.",
    ]);
  });

  it("is one where a method carries another role's decorator", () => {
    @Reactor({ name: "misled" })
    class Misled {
      @ReactsTo(Closed)
      closed(_: Closed): void {}

      @Projects(Closed)
      folded(_: Closed): void {}
    }
    expect(problemsOf({ reactors: [Misled] })).to.deep.equal([
      "Misled.folded carries @Projects, but Misled is a @Reactor. Move it or remove the decorator.",
    ]);
  });

  it("is one where a class does nothing", () => {
    @Aggregate({ name: "idle" })
    class Idle {}

    @Projection<object>({ name: "idle", version: 1, key: byAggregateId })
    class IdleRows {}

    @Reactor({ name: "idle" })
    class IdleReactor {}

    expect(problemsOf({ aggregates: [Idle], projections: [IdleRows], reactors: [IdleReactor] })).to.deep.equal([
      "Idle has no method that carries @Handles. Add one, or do not register it.",
      "Idle has no method that carries @Applies. Add one, or do not register it.",
      "IdleReactor has no method that carries @ReactsTo. Add one, or do not register it.",
      "IdleRows has no method that carries @Projects. Add one, or do not register it.",
    ]);
  });

  it("is one where aggregates record an event through two classes", () => {
    class ClosedTwin extends DomainEvent("bank.Closed") {}

    @Aggregate({ name: "vault" })
    class Vault {
      @Handles(Close)
      close(_: Close): Closed {
        return Closed.of({});
      }

      @Applies(Closed)
      closed(_: Closed): void {}
    }

    @Aggregate({ name: "safe" })
    class Safe {
      @Handles(Open)
      open(_: Open): [] {
        return [];
      }

      @Applies(ClosedTwin)
      closed(_: ClosedTwin): void {}
    }
    expect(problemsOf({ aggregates: [Vault, Safe] })).to.deep.equal([
      "Two classes are named bank.Closed, and aggregates use both. Keep one; a reader's contract belongs to reactors and projections.",
    ]);
  });

  it("lets readers have contract classes of their own", () => {
    class OpenedContract extends DomainEvent("bank.Opened") {}

    @Reactor({ name: "reader" })
    class Reader {
      @ReactsTo(OpenedContract)
      read(_: OpenedContract): void {}
    }
    expect(problemsOf({ aggregates: [Account], reactors: [Reader], upcasters: [toTwo] })).to.deep.equal([]);
  });
});
