import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { application, flagTypePrefix, Rollcall, type Case, type FlagData } from "../../src/index.js";
import { LoanApplications } from "../../projections/loan-applications.js";
import { importXes } from "../../tools/import/import-xes.js";
import { bpicFile as file, bpicIsThere } from "../oracle/bpic.js";
import { casesIn } from "../observer/feed.js";
import { until } from "../until.js";

interface Count {
  triggers: number;
  met: number;
  metBefore: number;
  waived: number;
  missing: number;
  cameLate: number;
  withdrawn: number;
  never: number;
  open: number;
}

/** What an independent count found: see the README beside the file. */
const expected: Record<string, Count> = {
  offerAccepted: {
    triggers: 2_246,
    met: 2_243,
    metBefore: 1_445,
    waived: 0,
    missing: 3,
    cameLate: 0,
    withdrawn: 0,
    never: 3,
    open: 0,
  },
  offerSent: {
    triggers: 5_113,
    met: 5_014,
    metBefore: 0,
    waived: 87,
    missing: 12,
    cameLate: 1,
    withdrawn: 8,
    never: 3,
    open: 0,
  },
};

async function flagsOf(rollcall: Rollcall): Promise<{ kind: string; id: string; data: FlagData }[]> {
  const flags = [];
  for await (const page of rollcall.store.readLog({ filter: { streamPrefixes: ["rollcall.flags-"] } }))
    for (const { id, type, data } of page)
      flags.push({ kind: type.slice(flagTypePrefix.length), id, data: data as FlagData });
  return flags;
}

async function countOf(rollcall: Rollcall): Promise<Record<string, Count>> {
  const flags = await flagsOf(rollcall);
  const flagged = (slot: string, kind: string) =>
    new Set(flags.filter((flag) => flag.data.slot === slot && flag.kind === kind).map(({ data }) => data.case));
  const generation = (await rollcall.readModels.activeGeneration("loan-applications"))!;
  const cases: Case[] = [];
  for await (const page of rollcall.readModels.allRows(generation)) cases.push(...Object.values(casesIn(Object.fromEntries(page.map(({ key, row }) => [key, row])))));
  const counts = Object.keys(expected).map((name) => {
    const slots = cases.flatMap(({ slots: { [name]: slot } }) => (slot?.triggerId ? [slot] : []));
    const [missing, cameLate, withdrawn] = [
      flagged(name, "Missing"),
      flagged(name, "LateArrival"),
      flagged(name, "Withdrawn"),
    ];
    const inState = (state: string) => slots.filter((slot) => slot.state === state);
    const count: Count = {
      triggers: slots.length,
      met: inState("MET").length,
      metBefore: inState("MET").filter(({ wasEarly }) => wasEarly).length,
      waived: inState("WAIVED").length - withdrawn.size,
      missing: missing.size,
      cameLate: cameLate.size,
      withdrawn: withdrawn.size,
      never: inState("MISSING").length,
      open: inState("OPEN").length,
    };
    return [name, count];
  });
  return Object.fromEntries(counts) as Record<string, Count>;
}

describe("the loan applications of a real bank", function () {
  this.timeout(120_000);
  let folder: string;

  before(async function () {
    if (!bpicIsThere()) {
      console.log(
        `    SKIPPED: the real log is not at ${file}. Get it by its DOI, and name its folder by ROLLCALL_DATA.`,
      );
      this.skip();
    }
    folder = await mkdtemp(join(tmpdir(), "rollcall-loans-"));
  });
  after(async () => folder && rm(folder, { recursive: true, force: true }));

  it("give exactly the figures of the independent count: during import, rebuilt, and rebuilt again", async () => {
    const rollcall = await Rollcall.open(application({ domains: [], observers: [LoanApplications] }), {
      store: join(folder, "log.sqlite"),
      readModels: join(folder, "read-models.sqlite"),
      roles: ["observer"],
    });
    await rollcall.start();
    try {
      const { events, traces } = await importXes({ file, store: rollcall.store, category: "loan" });
      expect([events, traces]).to.deep.equal([262_200, 13_087]);
      await until("the observer has read everything", async () => {
        const { subscriptions } = await rollcall.queryContext().status();
        return subscriptions[0]!.state === "live" && subscriptions[0]!.lag?.events === 0;
      });
      expect(await countOf(rollcall), "during import").to.deep.equal(expected);
      const flags = (await flagsOf(rollcall)).map(({ id }) => id);
      for (const time of ["rebuilt", "rebuilt again"]) {
        expect(await rollcall.rebuild("loan-applications")).to.include({ activated: true });
        expect(await countOf(rollcall), time).to.deep.equal(expected);
        expect(
          (await flagsOf(rollcall)).map(({ id }) => id),
          `flags, ${time}`,
        ).to.deep.equal(flags);
      }
    } finally {
      await rollcall.stop();
    }
  });
});
