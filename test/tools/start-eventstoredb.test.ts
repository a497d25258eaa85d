import { join } from "node:path";
import { expect } from "chai";
import { ServerProcess } from "../eventstore/server-process.js";
import { until } from "../until.js";
import { commands, type RunningCommand } from "./command.js";

describe("the start command over EventStoreDB", function () {
  this.timeout(60_000);
  const to = commands();
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.start();
  });
  after(() => server.remove());

  /** The last state of each subscription that it told. */
  const statesOf = (command: RunningCommand) =>
    new Set(new Map(command.lines("subscription").map((line) => [line["name"], line["state"]])).values());
  const reaches = (command: RunningCommand, state: string) =>
    until(`all is ${state}`, () => {
      const states = statesOf(command);
      return states.size === 1 && states.has(state);
    });
  const flagsOf = (command: RunningCommand) =>
    command.lines("flag").map((each) => `${String(each["flag"])} ${String(each["case"])}`);

  it("gives the same demo, in two processes of which one stands by, and takes over when the other is stopped", async () => {
    const environment = {
      ROLLCALL_STORE: server.connectionString,
      ROLLCALL_READ_MODELS: join(to.folder, "read-models.sqlite"),
      ROLLCALL_LEASE_MS: "1000",
      ROLLCALL_DEMO: JSON.stringify({ lost: 1 }),
    };
    const first = to.run("start", ["--json", "--rate", "20", "--orders", "12"], environment);
    await reaches(first, "live");
    const second = to.run("start", ["--json", "--no-demo"], environment);
    await reaches(second, "standby");
    expect(first.lines("started")[0]).to.include({ store: server.connectionString });
    // Flags come from whoever works; both show them.
    await until("flags are shown", () => flagsOf(first).length >= 3 && flagsOf(second).length >= 3);
    const stopped = first.interrupt("SIGTERM");
    await reaches(second, "live");
    expect(await stopped).to.include({ code: 0, stderr: "" });
    const url = String(second.lines("started")[0]!["url"]);
    await until("every order is flagged or cancelled", async () => {
      const open = await (await fetch(`${url}/observers/order-to-cash/cases?status=open`)).json();
      return (open as { items: unknown[] }).items.length === 0;
    });
    const [flag] = second.lines("flag");
    const timeline = await fetch(`${url}/correlations/${String(flag!["case"])}`);
    expect(await timeline.text())
      .to.include("ordering.OrderPlaced")
      .and.include("observer.Missing");
    expect(await second.interrupt()).to.include({ code: 0, stderr: "" });
    const shown = flagsOf(second);
    expect(new Set(shown).size, "no flag is doubled").to.equal(shown.length);
    expect(shown).to.include.members(flagsOf(first));
  });

  it("ends well when it is stopped although the server is gone", async () => {
    const gone = await ServerProcess.start();
    try {
      const command = to.run("start", ["--json", "--rate", "50"], {
        ROLLCALL_STORE: gone.connectionString,
        ROLLCALL_READ_MODELS: "memory:",
      });
      await reaches(command, "live");
      await gone.kill();
      // Whatever was under way gets no answer any more.
      const { code, stderr } = await command.interrupt();
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      expect(command.lines("stopped")).to.have.length(1);
    } finally {
      await gone.remove();
    }
  });

  it("says in one sentence what is wrong with a connection, without its password, and exits", async () => {
    const wrong = to.run("start", [], { ROLLCALL_STORE: "esdb://ops:s3cret@127.0.0.1:1?tls=false" });
    const refused = await wrong.ended;
    expect(refused.code).to.equal(2);
    expect(refused.stderr).to.include("tls=false").and.not.include("s3cret");
    const nobody = to.run("start", [], { ROLLCALL_STORE: "esdb://127.0.0.1:1?tls=false&keepAliveInterval=-1" });
    const unreachable = await nobody.ended;
    expect(unreachable.code).to.equal(3);
    expect(unreachable.stderr)
      .to.match(/EventStoreDB did not answer.*127\.0\.0\.1:1/s)
      .and.not.include("    at ");
  });
});
