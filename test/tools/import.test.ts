import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { MemoryEventStore } from "../../src/store/index.js";
import { importXes } from "../../tools/import/import-xes.js";
import { bpicFile, bpicIsThere } from "../oracle/bpic.js";
import { importing } from "./importing.js";
import { contentOf, event, log, overlappingTraces, trace } from "./xes-file.js";

describe("an import of history from XES", () => {
  const to = importing();
  const typed = log(`
<trace>
  <date key="REG_DATE" value="2011-10-01T00:38:44+02:00"/>
  <int key="AMOUNT_REQ" value="20000"/>
  <string key="concept:name" value="173688"/>
  <event>
    <string key="org:resource" value="112"/>
    <string key="lifecycle:transition" value="COMPLETE"/>
    <string key="concept:name" value="A_SUBMITTED"/>
    <date key="time:timestamp" value="2011-10-01T00:38:44.546+02:00"/>
    <boolean key="urgent" value="true"/>
    <float key="risk" value="0.25"/>
    <int key="serial" value="9007199254740993"/>
    <id key="ref" value="x-1"/>
    <string key="trace" value="mine"/>
    <string key="__proto__" value="own"/>
    <string key="constructor" value="me"/>
    <list key="phones"><values><string key="n" value="1"/><string key="n" value="2"/></values></list>
    <container key="address"><string key="city" value="Eindhoven"><string key="source" value="form"/></string></container>
  </event>${event(["A_DECLINED", "2011-10-01T00:40:00Z"])}
</trace>`);

  it("an activity becomes a type, a trace a stream and a correlation id, and attributes become typed data", async () => {
    await to.load(typed, { typePrefix: "bank." });
    const [first, second] = await contentOf(to.store);
    expect(first).to.deep.include({ stream: "loan-173688", revision: 0n, type: "bank.A_SUBMITTED" });
    expect(JSON.parse(JSON.stringify(first!.data))).to.deep.equal(
      JSON.parse(`{
        "activity": "A_SUBMITTED", "lifecycle": "COMPLETE", "resource": "112", "urgent": true, "risk": 0.25,
        "serial": "9007199254740993", "ref": "x-1", "xes:trace": "mine", "__proto__": "own", "constructor": "me",
        "phones": [{ "n": "1" }, { "n": "2" }], "address": { "city": "Eindhoven" },
        "trace": { "REG_DATE": "2011-09-30T22:38:44.000Z", "AMOUNT_REQ": 20000 } }`),
    );
    expect(first!.metadata).to.deep.equal({
      $correlationId: "173688",
      occurredAt: "2011-09-30T22:38:44.546Z",
      imported: true,
    });
    expect(second!.data).to.deep.equal({ activity: "A_DECLINED", lifecycle: "complete" });
  });

  it("the ids follow from source, trace and index, so they are the same in every store", async () => {
    await to.load(typed);
    const elsewhere = new MemoryEventStore();
    await to.load(typed, { store: elsewhere });
    const ids = (await contentOf(to.store)).map(({ id }) => id);
    expect((await contentOf(elsewhere)).map(({ id }) => id)).to.deep.equal(ids);
    const renamed = new MemoryEventStore();
    await to.load(typed, { store: renamed, source: "other" });
    expect((await contentOf(renamed)).map(({ id }) => id)).to.not.include.members(ids);
    expect(new Set(ids).size).to.equal(2);
  });

  it("a gzipped file gives the same as a plain one, and the result counts it", async () => {
    await to.load(typed);
    const zipped = new MemoryEventStore();
    const { elapsedMs, ...counts } = await to.load(gzipSync(typed), { store: zipped });
    expect(await contentOf(zipped)).to.deep.equal(await contentOf(to.store));
    expect(counts).to.deep.equal({
      traces: 1,
      events: 2,
      leftOut: 0,
      appended: 2,
      alreadyThere: 0,
      from: "2011-09-30T22:38:44.546Z",
      to: "2011-10-01T00:40:00.000Z",
    });
    expect(elapsedMs).to.be.a("number");
  });

  it("events go in the order of time across traces that overlap, whatever their order in the file", async () => {
    await to.load(
      log(
        trace("a", ["A1", "2020-01-01T10:00:00Z"], ["A2", "2020-01-01T13:30:00+01:00"], ["A3", "2020-01-01T12:00:00Z"]),
        trace("b", ["B1", "2020-01-01T11:00:00Z"], ["B2", "2020-01-01T09:00:00Z"]),
      ),
    );
    expect(await to.typesInOrder()).to.deep.equal(["loan-b B2", "loan-a A1", "loan-b B1", "loan-a A3", "loan-a A2"]);
    const revisions = (await contentOf(to.store)).map(({ stream, revision }) => `${stream}@${revision}`);
    expect(revisions).to.deep.equal(["loan-b@0", "loan-a@0", "loan-b@1", "loan-a@1", "loan-a@2"]);
  });

  it("events of the same millisecond keep the file's order", async () => {
    const same = "2020-01-01T10:00:00.1239Z";
    await to.load(
      log(
        trace("z", ["Z1", same], ["Z2", "2020-01-01T10:00:00.1231Z"]),
        trace("a", ["A1", same]),
        trace("m", ["M1", same]),
      ),
    );
    expect(await to.typesInOrder()).to.deep.equal(["loan-z Z1", "loan-z Z2", "loan-a A1", "loan-m M1"]);
  });

  it("the order holds over many pages", async () => {
    const content = overlappingTraces(7, 90, 40);
    await to.load(content);
    const read = await contentOf(to.store);
    expect(read).to.have.length(3600);
    // Told from the file by other means: its times and names in its order, sorted (stably) by time.
    const expected: { at: number; stream: string; activity: string }[] = [];
    let stream = "";
    for (const [, name, time] of content.matchAll(
      /(?:concept:name" value="([^"]+)")|(?:timestamp" value="([^"]+)")/g,
    )) {
      if (time) expected.at(-1)!.at = Date.parse(time);
      else if (name!.startsWith("t")) stream = `loan-${name}`;
      else if (name !== "loans") expected.push({ at: 0, stream, activity: name! });
    }
    expected.sort((x, y) => x.at - y.at);
    expect(read.map(({ stream, type }) => `${stream} ${type}`)).to.deep.equal(
      expected.map(({ stream, activity }) => `${stream} ${activity}`),
    );
  });

  it("what the header declares is no event, nor are elements of other namespaces or a prefix a difference", async () => {
    const header = `<x:log xmlns:x="http://www.xes-standard.org/" xmlns:other="urn:other">
      <x:extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
      <x:global scope="event"><x:string key="concept:name" value="UNKNOWN"/><x:date key="time:timestamp" value="UNKNOWN"/></x:global>
      <x:classifier name="Activity" keys="concept:name"/>
      <x:float key="statistics" value="1.5"><x:float key="112" value="0.7"/></x:float>
      <other:remark><other:trace/></other:remark>
      <x:trace><x:string key="concept:name" value="1"/><other:mark key="q"/>
        <x:event><x:string key="concept:name" value="A"/><x:date key="time:timestamp" value="2020-01-01T10:00:00Z"/></x:event>
      </x:trace></x:log>`;
    await to.load(header);
    expect(await to.typesInOrder()).to.deep.equal(["loan-1 A"]);
    expect((await contentOf(to.store))[0]!.data).to.deep.equal({ activity: "A" });
  });

  it("all lifecycle transitions are imported unless some are asked for", async () => {
    const content = log(
      trace(
        "1",
        ["W", "2020-01-01T10:00:00Z", "SCHEDULE"],
        ["W", "2020-01-01T11:00:00Z", "START"],
        ["W", "2020-01-01T12:00:00Z", "COMPLETE"],
      ),
      trace("2", ["W", "2020-01-01T10:00:00Z", "SCHEDULE"]),
    );
    await to.load(content);
    const transitions = (await contentOf(to.store)).map(({ data }) => (data as { lifecycle: string }).lifecycle);
    expect(transitions).to.deep.equal(["SCHEDULE", "SCHEDULE", "START", "COMPLETE"]);

    const chosen = new MemoryEventStore();
    const result = await to.load(content, { store: chosen, lifecycle: ["complete", "Start"] });
    expect(result).to.include({ traces: 2, events: 2, leftOut: 2, appended: 2 });
    const [first, second] = await contentOf(chosen);
    expect([first!.revision, second!.revision]).to.deep.equal([0n, 1n]);
  });

  it("traces without events, and a log without traces, are fine", async () => {
    expect(await to.load(log(trace("1")))).to.include({ traces: 1, events: 0, appended: 0, from: undefined });
    expect(await to.load(log())).to.include({ traces: 0, events: 0, appended: 0 });
  });

  it("text in another encoding is read as its declaration says", async () => {
    const latin = log(trace("é", ["prêt", "2020-01-01T10:00:00Z"])).replace("UTF-8", "ISO-8859-1");
    await to.load(Buffer.from(latin, "latin1"));
    expect(await to.typesInOrder()).to.deep.equal(["loan-é prêt"]);
  });

  describe("the log of the BPI Challenge 2012", () => {
    it("is imported whole: 262,200 events of 13,087 traces", async function () {
      if (!bpicIsThere()) {
        console.log(`      skipped: ${bpicFile} is not there (doi:10.4121/uuid:3926db30-f712-4394-aebc-75976070e91f)`);
        return this.skip();
      }
      this.timeout(60_000);
      const { elapsedMs, ...result } = await importXes({ file: bpicFile, category: "loan", store: to.store });
      expect(result).to.deep.equal({
        traces: 13_087,
        events: 262_200,
        leftOut: 0,
        appended: 262_200,
        alreadyThere: 0,
        from: "2011-09-30T22:38:44.546Z",
        to: "2012-03-14T15:04:54.681Z",
      });
      expect(elapsedMs).to.be.above(0);
      let [last, wrong] = [0, 0];
      for await (const page of to.store.readLog())
        for (const { occurredAtMs } of page) {
          if (occurredAtMs! < last) wrong++;
          last = occurredAtMs!;
        }
      expect(wrong, "events before one of a later time").to.equal(0);
      expect(last).to.equal(Date.parse("2012-03-14T16:04:54.681+01:00"));
    });
  });
});
