/** Who only declares an application, as commands and threads of a rebuild do first, loads no library that runs one. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";

const run = promisify(execFile);

/** Writes down each module of these libraries that is loaded, from the thread that loads. */
const hooks = `
  import { writeSync } from "node:fs";
  export async function load(url, context, next) {
    const [, library] = /node_modules.(inversify|express).(?!.*node_modules)/.exec(url) ?? [];
    if (library) writeSync(1, library + " ");
    return next(url, context);
  }`;

/** Which of the libraries a process loads that does this. */
async function librariesOf(doing: string): Promise<string[]> {
  const script = `
    const { register } = await import("node:module");
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hooks)}));
    ${doing}`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  return [...new Set(stdout.split(" ").filter(Boolean))].toSorted();
}

const opening = `
  const { application, Rollcall } = await import("rollcall");
  const configuration = { store: "memory:", readModels: ":memory:", http: { host: "127.0.0.1", port: 0 } };
  const rollcall = await Rollcall.open(application({ domains: [] }), configuration);`;

describe("The libraries that run an application", function () {
  this.timeout(30_000);

  it("are not loaded by who declares one", async () => {
    expect(await librariesOf(`await import("rollcall");`)).to.deep.equal([]);
  });

  it("are loaded as they are needed: to put its parts together, and to serve them over HTTP", async () => {
    expect(await librariesOf(`${opening} await rollcall.stop();`)).to.deep.equal(["inversify"]);
    const both = await librariesOf(`${opening} await rollcall.start(); await rollcall.stop();`);
    expect(both).to.deep.equal(["express", "inversify"]);
  });
});
