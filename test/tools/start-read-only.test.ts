/** The start command over somebody else's EventStoreDB, which it only reads. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { expect } from "chai";
import { ServerProcess } from "../eventstore/server-process.js";
import { until } from "../until.js";
import { commands } from "./command.js";

const app = `
  import { application, Observer, whenever } from ${JSON.stringify(new URL("../../src/index.js", import.meta.url).href)};
  class Payments {
    payment = whenever("OrderPlaced").expect("PaymentTaken").within({ milliseconds: 200 });
  }
  Observer({ name: "payments", version: 1, key: "data.orderId" })(Payments);
  export default application({ observers: [Payments] });
`;

describe("the start command, read-only", function () {
  this.timeout(60_000);
  const to = commands();

  it("prints flags, proven and provisional, goes on after a restart, and leaves no trace in the log", async () => {
    const server = await ServerProcess.start();
    const client = EventStoreDBClient.connectionString(server.connectionString);
    const place = (orderId: string) =>
      client.appendToStream(`order-${orderId}`, jsonEvent({ type: "OrderPlaced", data: { orderId } }));
    try {
      const module = join(to.folder, "app.mjs");
      writeFileSync(module, app);
      const environment = {
        ROLLCALL_STORE: server.connectionString,
        ROLLCALL_READ_MODELS: join(to.folder, "rows.sqlite"),
        ROLLCALL_READ_ONLY: "true",
      };
      const start = () => to.run("start", ["--json", "--app", module], environment);
      const first = start();
      await first.prints(/"state":"live"/);
      await place("a");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await place("b");
      await until("both are flagged", () => first.lines("flag").length === 2);
      expect(first.lines("flag").map((each) => [each["case"], each["provisional"] ?? false])).to.deep.equal([
        ["a", false],
        ["b", true],
      ]);
      expect(await first.interrupt()).to.include({ code: 0, stderr: "" });
      const second = start();
      await second.prints(/"state":"live"/);
      await place("c");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await place("d");
      await until("the third is flagged", () => second.lines("flag").length === 1);
      expect(await second.interrupt()).to.include({ code: 0, stderr: "" });
      const streams: string[] = [];
      for await (const { event } of client.readAll()) streams.push(event!.streamId);
      expect(streams.filter((name) => !name.startsWith("$"))).to.deep.equal([
        "order-a",
        "order-b",
        "order-c",
        "order-d",
      ]);
    } finally {
      await client.dispose();
      await server.remove();
    }
  });
});
