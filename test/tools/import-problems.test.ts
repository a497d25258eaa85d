import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { systemClock } from "../../src/clock.js";
import { InvalidConfiguration, InvalidImport } from "../../src/errors.js";
import { importXes } from "../../tools/import/import-xes.js";
import { importing } from "./importing.js";
import { event, log, overlappingTraces, trace } from "./xes-file.js";

describe("a file that cannot be imported", () => {
  const to = importing();
  const good = "2020-01-01T10:00:00Z";
  const oneEvent = (attributes: string) =>
    log(`<trace><string key="concept:name" value="1"/>${event(["First", good])}\n<event>${attributes}</event></trace>`);
  const named = `<string key="concept:name" value="A"/>`;
  const timed = `<date key="time:timestamp" value="${good}"/>`;

  const cases: [what: string, content: string | Uint8Array, problem: RegExp][] = [
    [
      "an unclosed tag",
      log(`<trace><string key="concept:name" value="1"/>`),
      /^4:\d+: is not well-formed XML: unexpected close tag/,
    ],
    [
      "text that ends too early",
      log(trace("1", ["A", good])).slice(0, 400),
      /^\d+:\d+, trace "1".*not well-formed XML: unclosed tag/,
    ],
    ["an entity that is not defined", log(trace("&nope;", ["A", good])), /not well-formed XML: undefined entity/],
    ["an empty file", "", /^1:1: is not well-formed XML: document must contain a root element/],
    [
      "another XML format",
      "<html>\n<body/></html>",
      /^1:\d+: is not XES: the outermost element is <html>, expected <log>/,
    ],
    ["no XML at all", "PK\u0003\u0004", /^1:\d+: is not well-formed XML: disallowed character/],
    [
      "text that is not in its encoding",
      Buffer.from("<log>\xff</log>", "latin1"),
      /^1:1: the text is damaged or in another encoding/,
    ],
    ["an encoding nobody knows", `<?xml version="1.0" encoding="klingon"?><log/>`, /encoding.*klingon/],
    [
      "gzip data that is cut off",
      gzipSync(overlappingTraces(1, 200, 20)).subarray(0, 9_000),
      /^\d+:\d+.*: the gzip data ends too early: the file is cut off/,
    ],
    [
      "gzip data that is damaged",
      Buffer.concat([gzipSync("<log/>").subarray(0, -8), Buffer.from("checksum")]),
      /the gzip data is damaged/,
    ],
    [
      "a trace without a name",
      log("\n  <trace>\n  </trace>"),
      /^4:3, trace no\. 0: has no concept:name, expected a name for its stream$/,
    ],
    ["a trace with an empty name", log(trace("")), /^4:3, trace no\. 0: has no concept:name/],
    ["a trace with a blank name", log(trace(" ")), /^4:3, trace " ": its concept:name is blank/],
    [
      "a trace whose name no stream can have",
      log(trace("a&#10;b")),
      /^4:3, trace "a\\nb": its concept:name has control characters/,
    ],
    ["a trace whose name is too long", log(trace("x".repeat(300))), /has 300 characters, a stream takes at most 256/],
    [
      "two traces of one name",
      log(trace("7"), trace("7")),
      /^7:3, trace "7": its concept:name is that of the trace at line 4 too, expected another$/,
    ],
    [
      "a trace name that is a number",
      log(`<trace><int key="concept:name" value="7"/></trace>`),
      /trace no\. 0: concept:name is a int, expected a string/,
    ],
    [
      "an event without a name",
      oneEvent(timed),
      /^9:1, trace "1", event 1: has no concept:name, expected the name of its activity$/,
    ],
    ["an event with a system type", oneEvent(timed + named.replace("A", "$A")), /its event type \$A begins with "\$"/],
    [
      "an event without a time",
      oneEvent(named),
      /^9:1, trace "1", event 1: has no time:timestamp, expected when it happened$/,
    ],
    [
      "a time without an offset",
      oneEvent(named + timed.replace("Z", "")),
      /^9:46, trace "1", event 1: time:timestamp is "2020-01-01T10:00:00", expected a time in ISO 8601/,
    ],
    [
      "a day that is not in the calendar",
      oneEvent(named + timed.replace("01-01", "02-30")),
      /time:timestamp is "2020-02-30/,
    ],
    ["a time of 25 h", oneEvent(named + timed.replace("T10", "T25")), /time:timestamp is "2020-01-01T25/],
    [
      "a time that is text",
      oneEvent(named + timed.replace("date", "string")),
      /time:timestamp is a string, expected a date/,
    ],
    [
      "an attribute type that is none",
      oneEvent(named + timed + `<colour key="c" value="1"/>`),
      /event 1: <colour> is no attribute type of XES, expected string, .* list or container/,
    ],
    ["an attribute without a key", oneEvent(named + timed + `<string value="1"/>`), /event 1: <string> has no key/],
    ["an attribute without a value", oneEvent(named + timed + `<int key="n"/>`), /event 1: n has no value/],
    [
      "an int that is none",
      oneEvent(named + timed + `<int key="n" value="1.5"/>`),
      /n is "1.5", expected a whole number/,
    ],
    ["a float that is none", oneEvent(named + timed + `<float key="n" value="1,5"/>`), /n is "1,5", expected a number/],
    [
      "a boolean that only looks known",
      oneEvent(named + timed + `<boolean key="b" value="constructor"/>`),
      /b is "constructor", expected true or false/,
    ],
    [
      "a boolean that is none",
      oneEvent(named + timed + `<boolean key="b" value="yes"/>`),
      /b is "yes", expected true or false/,
    ],
    [
      "a wrong value inside of a list",
      oneEvent(named + timed + `<list key="l"><int key="n" value="x"/></list>`),
      /n is "x", expected a whole number/,
    ],
    ["an attribute twice", oneEvent(named + timed + named), /event 1: has two attributes concept:name, expected one/],
    ["an event outside of a trace", log(event(["A", good])), /^4:5: <event> is inside of the log, expected in a trace/],
    [
      "a trace inside of a trace",
      log(`<trace><string key="concept:name" value="1"/><trace/></trace>`),
      /trace "1": <trace> is inside of a trace, expected in the log/,
    ],
  ];
  for (const [what, content, problem] of cases)
    it(`is told with its place: ${what}`, async () => {
      const { problems, total } = await to.problemsOf(content);
      expect(problems[0]).to.match(problem);
      expect(total).to.be.at.least(1);
    });

  it("an event in the future is one, with a tolerance for clocks that differ", async () => {
    const content = log(trace("1", ["A", "2030-01-01T00:05:00Z"]));
    const clock = { ...systemClock, now: () => Date.parse("2030-01-01T00:00:00Z") };
    const { problems } = await to.problemsOf(content.replace("00:05:00Z", "00:05:00.001Z"), { clock });
    expect(problems).to.deep.equal([
      '6:5, trace "1", event 0: time:timestamp is "2030-01-01T00:05:00.001Z", which is in the future; expected at most 2030-01-01T00:05:00.000Z',
    ]);
    expect(await to.load(content, { clock })).to.include({ appended: 1 });
  });

  it("all problems are counted and the first hundred listed, in the order of the file", async () => {
    const events = Array.from({ length: 150 }, (_, i): [string, string] => ["A", i % 2 ? good : "soon"]);
    const { problems, total, message } = await to.problemsOf(
      log(trace("1", ...events), trace(""), trace("3", ["", "never"])),
    );
    expect(total).to.equal(75 + 1 + 2);
    expect(problems)
      .to.have.length(78)
      .and.satisfy((all: string[]) => all[74]!.includes("event 148"));
    expect(message).to.include("log.xes has 78 problem(s); nothing was appended");
    const many = await to.problemsOf(log(trace("1", ...events, ...events, ...events)));
    expect([many.problems.length, many.total]).to.deep.equal([100, 225]);
  });

  it("a filter that no event passes is said", async () => {
    const { problems } = await to.problemsOf(log(trace("1", ["A", good])), { lifecycle: ["nope"] });
    expect(problems).to.deep.equal(["none of its 1 events has the lifecycle transition nope"]);
  });

  it("so is a file that is not there", async () => {
    const error = await importXes({ file: join(to.folder.path, "none.xes"), category: "loan", store: to.store }).catch(
      (e: unknown) => e,
    );
    expect(error)
      .to.be.instanceOf(InvalidImport)
      .with.property("message")
      .that.matches(/cannot be read \(ENOENT/);
  });

  it("categories and prefixes that would make bad names are refused before anything is read", async () => {
    for (const category of ["", "a-b", "$sys", "a b"])
      expect(await to.load(log(), { category }).catch((e: unknown) => e), category).to.be.instanceOf(
        InvalidConfiguration,
      );
    expect(await to.load(log(), { typePrefix: "$x" }).catch((e: unknown) => e)).to.be.instanceOf(InvalidConfiguration);
  });
});
