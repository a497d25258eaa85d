/** An unsound model is refused once, as a whole: every problem is named, each with its remedy. */

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
import { buildModel, methodsByType, usesOf, type Declarations } from "../../src/model/index.js";

class Open extends Command("bank.Open") {}
class Close extends Command("bank.Close") {}
class Opened extends DomainEvent("bank.Opened", { version: 2 }) {}
class Closed extends DomainEvent("bank.Closed") {}
const toTwo = upcaster("bank.Opened", { from: 1 }, (data: object) => data);

@Aggregate({ name: "account" })
class Account {
  @Handles(Open)
  open(_: Open): Opened {
    return Opened.of({});
  }

  @Applies(Opened)
  opened(_: Opened): void {}
}

@Reactor({ name: "greeter" })
class Greeter {
  @ReactsTo(Opened)
  greet(_: Opened): void {}
}

@Projection<{ open: boolean }>({ name: "accounts", version: 1, key: byAggregateId })
class Accounts {
  @Projects(Opened)
  opened(_: Opened): { open: boolean } {
    return { open: true };
  }
}

@Observer({ name: "account-closing" })
class Closing {
  readonly closing = whenever(Opened).expect(Closed).within({ days: 1 });
}

const nothing: Declarations = { aggregates: [], reactors: [], projections: [], observers: [], upcasters: [] };

function problemsOf(declarations: Partial<Declarations>, extra: readonly string[] = []): readonly string[] {
  try {
    buildModel({ ...nothing, ...declarations }, extra);
    return [];
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidModel);
    return (error as InvalidModel).problems;
  }
}

describe("a sound model", () => {
  const sound: Declarations = {
    aggregates: [Account],
    reactors: [Greeter],
    projections: [Accounts],
    observers: [Closing],
    upcasters: [toTwo],
  };

  it("passes, and knows its commands, classes and versions", () => {
    const model = buildModel(sound);
    expect([...model.commands]).to.deep.equal([["bank.Open", Open]]);
    expect(model.upcasters.versionOf("bank.Opened")).to.equal(2);
    expect(model.aggregates.map(({ type, role }) => [type, role.name, role.version])).to.deep.equal([[Account, "account", 1]]);
    expect([model.reactors, model.projections, model.observers].map(([only]) => only?.type)).to.deep.equal([
      Greeter,
      Accounts,
      Closing,
    ]);
  });

  it("may be empty", () => expect(problemsOf({})).to.deep.equal([]));

  it("inherits decorated methods, and prefers those that a class declares itself", () => {
    @Aggregate({ name: "savings" })
    class Savings extends Account {
      @Applies(Opened)
      override opened(_: Opened): void {}
    }
    expect(usesOf(Savings).map(({ method, verb }) => `${verb} ${method}`)).to.have.members(["applies opened", "handles open"]);
    expect(methodsByType(Savings, "handles").get("bank.Open")?.method).to.equal("open");
    expect(problemsOf({ aggregates: [Savings], upcasters: [toTwo] })).to.deep.equal([]);
  });
});

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

    const declarations = { ...nothing, aggregates: [Account, CashDesk, Roleless], reactors: [Accounts] };
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

  it("is one where names clash: within a role, and among read models", () => {
    @Reactor({ name: "greeter" })
    class Waver {
      @ReactsTo(Closed)
      wave(_: Closed): void {}
    }

    @Observer({ name: "accounts" })
    class Watcher {
      readonly closing = whenever(Opened).expect(Closed).within({ days: 1 });
    }

    expect(
      problemsOf({ reactors: [Greeter, Waver, Greeter], projections: [Accounts], observers: [Watcher], upcasters: [toTwo] }),
    ).to.deep.equal([
      'Greeter and Waver are both the reactor "greeter". Rename one.',
      'Waver and Greeter are both the reactor "greeter". Rename one.',
      'Accounts and Watcher are both the read model "accounts". Rename one.',
    ]);
    expect(problemsOf({ aggregates: [Account, Account], upcasters: [toTwo] })).to.deep.equal([
      "Account is registered twice. Register it once.",
    ]);
  });

  for (const name of ["", "Accounts", "1st", "my_rows", "rows "])
    it(`is one where a projection is named "${name}"`, () => {
      @Projection<object>({ name, version: 1, key: byAggregateId })
      class Named {
        @Projects(Closed)
        closed(_: Closed): object {
          return {};
        }
      }
      expect(problemsOf({ projections: [Named] })).to.deep.equal([
        `Named is named "${name}". Use lower-case letters, digits and dashes.`,
      ]);
    });

  for (const version of [0, -1, 1.5, NaN, Infinity])
    it(`is one where a projection has version ${version}`, () => {
      @Projection<object>({ name: "rows", version, key: byAggregateId })
      class Versioned {
        @Projects(Closed)
        closed(_: Closed): object {
          return {};
        }
      }
      expect(problemsOf({ projections: [Versioned] })).to.deep.equal([
        `Versioned has version ${version}. Versions are whole numbers from 1.`,
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
