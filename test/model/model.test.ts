/** A sound model passes, and knows what was declared. */

import { expect } from "chai";
import { Aggregate, Applies } from "../../src/index.js";
import { buildModel, methodsByType, usesOf, type Declarations } from "../../src/model/index.js";
import { Open, Opened, toTwo, Account, Greeter, Accounts, Closing, problemsOf } from "./bank.js";

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
    expect(model.aggregates.map(({ type, role }) => [type, role.name, role.version])).to.deep.equal([
      [Account, "account", 1],
    ]);
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
    expect(usesOf(Savings).map(({ method, verb }) => `${verb} ${method}`)).to.have.members([
      "applies opened",
      "handles open",
    ]);
    expect(methodsByType(Savings, "handles").get("bank.Open")?.method).to.equal("open");
    expect(problemsOf({ aggregates: [Savings], upcasters: [toTwo] })).to.deep.equal([]);
  });
});
