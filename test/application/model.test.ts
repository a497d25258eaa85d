import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { inject } from "inversify";
import {
  Aggregate,
  application,
  Applies,
  Command,
  domain,
  DomainEvent,
  Handles,
  InvalidModel,
  Observer,
  Projection,
  Projects,
  Reactor,
  ReactsTo,
  Rollcall,
  whenever,
  type ApplicationDefinition,
} from "../../src/index.js";
import { billing } from "../../domains/billing/index.js";
import { ordering } from "../../domains/ordering/index.js";

class Opened extends DomainEvent("shop.Opened") {}
class OpenShop extends Command("shop.Open") {}
const gateway = Symbol("gateway");
const printer = Symbol("printer");

const memory = { store: "memory:", readModels: ":memory:" };

async function problemsOf(definition: ApplicationDefinition): Promise<readonly string[]> {
  const failure = await Rollcall.open(definition, memory).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).to.be.instanceOf(InvalidModel);
  return (failure as InvalidModel).problems;
}

describe("an application's model", () => {
  it("is judged as a whole: every problem of domains, aggregates, projections and observers, at once", async () => {
    @Aggregate({ name: "shop-floor" })
    class Shop {
      @Handles(OpenShop)
      open(_: OpenShop): Opened {
        return Opened.of({});
      }
      @Applies(Opened)
      opened(_: Opened): void {}
      undecorated(): void {}
    }
    @Projection<object>({ name: "Sales", version: 0, key: () => "all" })
    class Sales {
      @Projects(Opened)
      opened(_: Opened): object {
        return {};
      }
    }
    @Observer({ name: "sales-watch", live: true })
    class SalesWatch {
      readonly sold = whenever(Opened).expect("shop.Sold").within({ hours: -1 });
    }
    class Forgotten {}
    const problems = await problemsOf({
      domains: [
        domain({ name: "Shop", aggregates: [Shop] }),
        domain({ name: "http" }),
        domain({ name: "till", reactors: [Forgotten] }),
        domain({ name: "till" }),
      ],
      projections: [Sales],
      observers: [SalesWatch],
    });
    expect(problems).to.include.members([
      'A domain is named "Shop". Use lower-case letters, digits and dashes.',
      'A domain is named "http", which is a role of its own. Rename it.',
      'Two domains are named "till". Rename one.',
      'SalesWatch states live, which counts only with timeBase "occurred". Remove it.',
      "SalesWatch.sold has a deadline that is no duration. Write within({ minutes: 15 }).",
      "Forgotten has no role, but is registered as a @Reactor. Decorate it so, or register it as what it is.",
      'Sales is named "Sales". Use lower-case letters, digits and dashes.',
      "Sales has version 0. Versions are whole numbers from 1.",
      "Shop.undecorated is undecorated. Add @Handles or @Applies, or make it a function outside the class.",
    ]);
    expect(problems.some((problem) => problem.startsWith('Shop is named "shop-floor"'))).to.equal(true);
    expect(problems).to.have.length(10);
    expect(new InvalidModel(problems).message).to.match(/^The model has 10 problem\(s\):\n {2}1\. .*\n {2}2\. /);
  });

  it("lists every gateway that is not bound, and says where to bind it", async () => {
    @Reactor({ name: "charge" })
    class ChargeCards {
      constructor(@inject(gateway) readonly cards: object) {}
      @ReactsTo(Opened)
      react(_: Opened): void {}
    }
    @Reactor({ name: "print" })
    class PrintReceipts {
      constructor(@inject(printer) readonly paper: object) {}
      @ReactsTo(Opened)
      react(_: Opened): void {}
    }
    const till = domain({ name: "till", reactors: [ChargeCards, PrintReceipts] });
    const problems = await problemsOf({ domains: [till] });
    expect(problems).to.have.length(2);
    expect(problems[0]).to.match(
      /^ChargeCards cannot be made: .*Symbol\(gateway\).* Bind what it injects in its domain or the application\.$/,
    );
    expect(problems[1]).to.match(/^PrintReceipts cannot be made: .*Symbol\(printer\)/);

    const bound = await Rollcall.open(
      {
        domains: [{ ...till, bindings: (container) => void container.bind(gateway).toConstantValue({}) }],
        bindings: (container) => void container.bind(printer).toConstantValue({}),
      },
      memory,
    );
    expect(bound.assembly.reactors.map(({ name, role }) => [name, role])).to.deep.equal([
      ["charge", "till"],
      ["print", "till"],
    ]);
    await bound.stop();
  });

  it("says what to write when a constructor parameter carries no @inject", async () => {
    @Reactor({ name: "charge" })
    class ChargeCards {
      constructor(readonly cards: object) {}
      @ReactsTo(Opened)
      react(_: Opened): void {}
    }
    @Reactor({ name: "print" })
    class PrintReceipts {
      constructor(
        readonly paper: object,
        @inject(printer) readonly ink: object,
      ) {}
      @ReactsTo(Opened)
      react(_: Opened): void {}
    }
    expect(
      await problemsOf({ domains: [domain({ name: "till", reactors: [ChargeCards, PrintReceipts] })] }),
    ).to.deep.equal(
      ["ChargeCards", "PrintReceipts"].map(
        (name) =>
          `${name} cannot be made: its constructor does not say what it is to be given. Put @inject(Token) on each constructor parameter.`,
      ),
    );
  });

  it("says where something is registered that its module did not export, or not yet", async () => {
    const missing = undefined as never;
    const problems = await problemsOf({
      domains: [
        domain({ name: "shop", aggregates: [missing], reactors: [missing, null as never], upcasters: [missing] }),
        missing,
      ],
      projections: [missing, "Sales" as never],
      observers: [missing],
    });
    const ask = "Does its module export it, and do two modules import each other in a circle?";
    expect(problems).to.deep.equal([
      `domains[1] is undefined, not made by domain({ … }). ${ask}`,
      `shop: aggregates[0] is undefined, not a class. ${ask}`,
      `shop: reactors[0] is undefined, not a class. ${ask}`,
      `shop: reactors[1] is null, not a class. ${ask}`,
      `shop: upcasters[0] is undefined, not made by upcaster(…). ${ask}`,
      `projections[0] is undefined, not a class. ${ask}`,
      `projections[1] is string, not a class. ${ask}`,
      `observers[0] is undefined, not a class. ${ask}`,
    ]);
  });

  it("knows two places where a reactor can begin", async () => {
    @Reactor({ name: "charge", startFrom: "Now" as never })
    class ChargeCards {
      @ReactsTo(Opened)
      react(_: Opened): void {}
    }
    expect(await problemsOf({ domains: [domain({ name: "till", reactors: [ChargeCards] })] })).to.deep.equal([
      'ChargeCards has startFrom "Now". Use "beginning" or "now".',
    ]);
  });

  it("is judged before a store is opened", async () => {
    const folder = join(tmpdir(), `rollcall-never-${process.pid}`);
    const definition = application({ domains: [ordering, ordering] });
    const opening = Rollcall.open(definition, {
      store: join(folder, "log.sqlite"),
      readModels: join(folder, "read-models.sqlite"),
    });
    expect(await opening.catch((error: unknown) => error)).to.be.instanceOf(InvalidModel);
    expect(() => readdirSync(folder)).to.throw(/ENOENT/);
  });

  it("of the example needs its payment gateway", async () => {
    const problems = await problemsOf({ domains: [ordering, billing] });
    expect(problems).to.have.length(1);
    expect(problems[0]).to.match(/^RequestPayment cannot be made: .*billing\.PaymentGateway/);
  });
});
