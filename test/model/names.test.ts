/** Names and versions are what is stored, so the model is strict about them. */

import { expect } from "chai";
import { byAggregateId, Observer, Projection, Projects, Reactor, ReactsTo, whenever } from "../../src/index.js";
import { Opened, Closed, toTwo, Account, Greeter, Accounts, problemsOf } from "./bank.js";

describe("an unsound model of names and versions", () => {
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
      problemsOf({
        reactors: [Greeter, Waver, Greeter],
        projections: [Accounts],
        observers: [Watcher],
        upcasters: [toTwo],
      }),
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
});
