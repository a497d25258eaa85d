/** The context of the present work travels along every await, and no further. */

import { expect } from "chai";
import { currentContext, runInContext } from "../../src/index.js";

describe("the context", () => {
  it("is empty outside of one", () => expect(currentContext()).to.deep.equal({}));

  it("travels along every await, each work with its own", async () => {
    const seen = await Promise.all(
      ["a", "b"].map((correlationId) =>
        runInContext({ correlationId }, async () => {
          await new Promise((resolve) => setImmediate(resolve));
          return currentContext().correlationId;
        }),
      ),
    );
    expect(seen).to.deep.equal(["a", "b"]);
    expect(currentContext()).to.deep.equal({});
  });

  it("is replaced as a whole by an inner one, and is back after it", () => {
    runInContext({ correlationId: "outer", causationId: "cause" }, () => {
      runInContext({ correlationId: "inner" }, () =>
        expect(currentContext()).to.deep.equal({ correlationId: "inner" }),
      );
      expect(currentContext()).to.deep.equal({ correlationId: "outer", causationId: "cause" });
    });
  });
});
