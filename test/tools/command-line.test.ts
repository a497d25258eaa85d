import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { expect } from "chai";
import { until } from "../until.js";
import { commands } from "./command.js";

describe("every command", function () {
  this.timeout(60_000);
  const to = commands();

  for (const tool of ["start", "copy", "import", "rebuild", "eventstore", "bench"])
    it(`ends quietly when nobody reads its output any more: ${tool}`, async () => {
      const command = to.run(tool, ["--help"]);
      command.child.stdout!.destroy();
      const { code, stderr } = await command.ended;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    });

  it("stops when nobody reads what it goes on to print", async () => {
    const command = to.run("start", ["--rate", "50"], { ROLLCALL_STORE: "memory:", ROLLCALL_DEMO: '{"doubled":1}' });
    await command.prints(/Ctrl-C stops/);
    command.child.stdout!.destroy();
    const { code, stderr } = await command.ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
  });

  describe("whose store does not answer", () => {
    let silent: Server;
    let address = "";
    before(async () => {
      silent = createServer().listen(0, "127.0.0.1");
      await once(silent, "listening");
      address = `esdb://127.0.0.1:${(silent.address() as { port: number }).port}?tls=false`;
    });
    after(() => silent.close());

    it("says once to people where it connects to, and stops when it is told to", async () => {
      const connecting: [string, readonly string[], number][] = [
        ["start", [], 0],
        ["rebuild", ["--all"], 130],
        ["copy", [address, "copy.sqlite"], 130],
      ];
      await Promise.all(
        connecting.map(async ([tool, args, code]) => {
          const command = to.run(tool, args, { ROLLCALL_STORE: address });
          await command.says(/Connecting to/);
          command.child.kill("SIGINT");
          await until(`${tool} ends long before the store has been borne with`, () => command.hasEnded, 5_000);
          const ended = await command.ended;
          expect(ended.stderr).to.match(/^Connecting to esdb:[^\n]+ …\n(Interrupted[^\n]*\n)?$/);
          expect(ended.code, tool).to.equal(code);
        }),
      );
    });

    it("says nothing of it with --json", async () => {
      const forPrograms = to.run("copy", [address, "copy.sqlite", "--json"]);
      await to.run("copy", [address, "copy.sqlite"]).says(/Connecting to/);
      const { code, stderr } = await forPrograms.interrupt();
      expect(code).to.equal(130);
      expect(stderr).to.not.include("Connecting");
    });
  });
});
