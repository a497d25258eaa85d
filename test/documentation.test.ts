import { expect } from "chai";
import { execFile, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { Expectation, meaningOfFlag } from "../src/index.js";
import { TestServer } from "./eventstore/server.js";
import { postgresServer } from "./projection/postgres/shared-server.js";

const run = promisify(execFile);
/** Everything that users read. */
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...readdirSync("docs").map((name) => `docs/${name}`)];
const tsc = "node_modules/typescript-native/bin/tsc";

interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a document. */
const blocksOf = (document: string): Block[] =>
  [...readFileSync(document, "utf8").matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));

/** Writes each TypeScript block to the file that its first line names, inside the package, so that "rollcall" is found. */
async function compile(document: string, folder: string): Promise<string[]> {
  await rm(folder, { recursive: true, force: true });
  const files: string[] = [];
  for (const { text } of blocksOf(document).filter(({ language }) => language === "ts")) {
    const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];
    if (!name) throw new Error(`${document}: a block does not name its file:\n${text}`);
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
    files.push(name);
  }
  // The settings that the guide tells its readers to use, not our own.
  const settings = blocksOf("docs/guide.md").find(({ text }) => text.startsWith("// tsconfig.json\n"))!;
  await writeFile(join(folder, "tsconfig.json"), settings.text.replace('"dist"', '"out"'));
  await run(process.execPath, [tsc, "-p", folder]).catch(({ stdout }: { stdout: string }) => {
    throw new Error(`${document} does not compile:\n${stdout}`);
  });
  return files;
}

/** The headings of a document, as links name them. */
const headingsOf = (document: string): string[] =>
  [...readFileSync(document, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );

/** Where the application listens, once it says so. */
async function urlFrom(child: ChildProcessWithoutNullStreams): Promise<string> {
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as { kind: string; url?: string };
    if (said.kind === "started") return said.url!;
  }
  throw new Error("The application ended before it listened.");
}

/** What does not end by itself is ended before the test gives up. */
const runFile = (folder: string, file: string, env = process.env) =>
  run(process.execPath, [join(folder, "out", file)], { env, timeout: 30_000, killSignal: "SIGKILL" });

/** Several in one process, one after the other: most of what each takes alone is to load the package. */
const runFiles = (folder: string, files: readonly string[]) => {
  const imports = files.map(
    (file) => `await import(${JSON.stringify(pathToFileURL(join(folder, "out", file)).href)});`,
  );
  return run(process.execPath, ["--input-type=module", "-e", imports.join("\n")], {
    timeout: 30_000,
    killSignal: "SIGKILL",
  });
};

const compiled = (files: readonly string[]) => files.map((file) => file.replace(".ts", ".js"));

describe("the documentation", function () {
  this.timeout(60_000);
  const folders = {
    guide: "dist/documentation-guide",
    readme: "dist/documentation-readme",
    eventStoreDb: "dist/documentation-eventstoredb",
    postgres: "dist/documentation-postgres",
    notifications: "dist/documentation-notifications",
    guarantees: "dist/documentation-guarantees",
  };

  before(function () {
    // The blocks import "rollcall", which package.json finds in dist.
    if (!existsSync("dist/src/index.js")) throw new Error("dist is missing. Run npm run build first.");
  });
  after(async () => {
    for (const folder of Object.values(folders)) await rm(folder, { recursive: true, force: true });
  });

  let guide: Promise<string[]> | undefined;
  const compiledGuide = () => (guide ??= compile("docs/guide.md", folders.guide));

  it("has a guide whose application compiles, and prints what the guide says", async () => {
    const files = await compiledGuide();
    expect(files).to.include.members(["application.ts", "main.ts", "guide.test.ts"]);
    const { stdout } = await runFile(folders.guide, "main.js");
    const said = blocksOf("docs/guide.md").find(({ language, text }) => language === "" && text.includes("observer."))!;
    expect(stdout).to.equal(said.text);
  });

  it("has a guide whose tests pass", async () => {
    await compiledGuide();
    await runFile(folders.guide, "guide.test.js");
  });

  it("has a README whose code compiles and loads", async () => {
    await runFiles(folders.readme, compiled(await compile("README.md", folders.readme)));
  });

  it("has a page on notifications whose code compiles and loads", async () => {
    await runFiles(folders.notifications, compiled(await compile("docs/notifications.md", folders.notifications)));
  });

  it("has a page of guarantees whose stories are true", async () => {
    const files = await compile("docs/guarantees.md", folders.guarantees);
    expect(files).to.include.members(["in-time.ts", "at-its-root.ts", "no-trigger.ts", "disagreement.ts"]);
    await runFiles(folders.guarantees, compiled(files));
  });

  it("has a page on EventStoreDB whose code runs against the development server", async () => {
    const server = await TestServer.start();
    try {
      for (const file of await compile("docs/eventstoredb.md", folders.eventStoreDb))
        await runFile(folders.eventStoreDb, file.replace(".ts", ".js"), {
          ...process.env,
          EVENTSTORE: server.connectionString,
        });
      // It has told the log who it is, and left by itself.
      const { records } = server.log.readAll("forwards", 0, 10);
      expect(records.map(({ streamName }) => streamName)).to.include("rollcall.store");
    } finally {
      await server.remove();
    }
  });

  it("has a page on PostgreSQL whose code runs, and whose statements find what it says", async () => {
    const server = await postgresServer();
    for (const file of await compile("docs/postgresql.md", folders.postgres)) {
      const env = { ...process.env, POSTGRES: server.url() };
      const { stdout } = await runFile(folders.postgres, file.replace(".ts", ".js"), env);
      expect(stdout).to.equal("undefined\n");
    }
    const found = await server.query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'shop_read_models' ORDER BY tablename",
    );
    const page = readFileSync("docs/postgresql.md", "utf8");
    for (const { tablename } of found) expect(page).to.contain(`\`${String(tablename)}\``);
    const statements = blocksOf("docs/postgresql.md").filter(({ language }) => language === "sql");
    const [generation] = statements.at(-1)!.text.split(";");
    expect(await server.query(generation!.replace("rollcall.", "shop_read_models."))).to.deep.equal([]);
    await server.query("DROP SCHEMA shop_read_models CASCADE");
  });

  it("has a README whose requests are answered", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rollcall-readme-"));
    const env = { ...process.env, ROLLCALL_PORT: "0" };
    const child = spawn(process.execPath, [resolve("dist/tools/start.js"), "--json", "--no-demo"], {
      cwd: folder,
      env,
    });
    try {
      const url = await urlFrom(child);
      const readme = readFileSync("README.md", "utf8");
      const requests = [...readme.matchAll(/^\| `GET (\/[^`:]*)`(?:, `GET (\/[^`:]*)`)? +\|/gm)].flatMap(
        ([, ...paths]) => paths.filter((path) => path !== undefined),
      );
      expect(requests).to.include.members(["/status", "/live", "/ready", "/read-models/order-summary?status=paid"]);
      const ready = async () => (await fetch(`${url}/ready`)).ok;
      for (let i = 0; i < 500 && !(await ready()); i++) await sleep(10);
      for (const path of requests) expect((await fetch(url + path)).status, path).to.equal(200);

      const curls = blocksOf("README.md").filter(({ language, text }) => language === "sh" && text.startsWith("curl"));
      expect(curls).to.have.length(1);
      for (const { text } of curls) {
        const { stdout } = await run("bash", [
          "-c",
          text.replaceAll("http://127.0.0.1:3000", url).replace("curl", "curl -sf"),
        ]);
        expect(JSON.parse(stdout)).to.include({ streamName: "order-1001", duplicate: false });
      }
    } finally {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("names only commands that there are", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
    for (const document of pages)
      for (const [, name] of readFileSync(document, "utf8").matchAll(/npm run ([\w:-]+)/g))
        expect(scripts, `${document}: npm run ${name}`).to.have.property(name!);
  });

  it("names only settings that there are, and all of them", async () => {
    const { stdout } = await run(process.execPath, ["dist/tools/start.js", "--help"]);
    const settings = (text: string) => [...new Set(text.match(/ROLLCALL_[A-Z_]+/g))].toSorted();
    const table = readFileSync("README.md", "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `ROLLCALL"));
    expect(settings(table.join("\n"))).to.deep.equal(settings(stdout));
  });

  it("has a row for each flag, and tells each word of an expectation", () => {
    const text = readFileSync("docs/observers.md", "utf8");
    const [, flags] = /^\| flag \(.*\n\| ---.*\n((?:\|.*\n)+)/m.exec(text)!;
    const rows = flags!.trimEnd().split("\n");
    const kinds = rows.map((row) => /^\| `(\w+)` +\|[^|]+\|[^|]+\|$/.exec(row)?.[1] ?? row);
    expect(kinds).to.have.members(Object.keys(meaningOfFlag));
    const words = Object.getOwnPropertyNames(Expectation.prototype).filter(
      (word) => !["constructor", "copy"].includes(word),
    );
    for (const word of words) expect(text, word).to.include(`.${word}(`);
  });

  it("links only to files, and to headings, that there are", () => {
    for (const document of pages)
      for (const [, target, heading] of readFileSync(document, "utf8").matchAll(
        /\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g,
      )) {
        const file = target === "" ? document : join(dirname(document), target!);
        expect(existsSync(file), `${document}: ${target}`).to.equal(true);
        if (heading !== undefined) expect(headingsOf(file), `${document}: ${target}#${heading}`).to.include(heading);
      }
  });
});
