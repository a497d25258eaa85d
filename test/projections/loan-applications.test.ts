import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { application, flagTypePrefix, Rollcall, type Case, type FlagData } from "../../src/index.js";
import { LoanApplications } from "../../projections/loan-applications.js";
import { importXes } from "../../tools/import/import-xes.js";
import { bpicFile as file, bpicIsThere, loanTerms, readBpic } from "../oracle/bpic.js";
import { expectedFlags } from "../oracle/oracle.js";
import type { FlagRecord } from "../oracle/records.js";
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
  // A sequence: opened by the offer that was sent, be it late.
  offerSentBack: {
    triggers: 5_015,
    met: 3_166,
    metBefore: 0,
    waived: 942,
    missing: 700,
    cameLate: 88,
    withdrawn: 588,
    never: 24,
    open: 207,
  },
};

/** A flag without the ids of its events, which an import gives anew. */
const inWords = ({ slot, kind, case: name, deadline }: Pick<FlagRecord, "slot" | "kind" | "case" | "deadline">) =>
  [name, slot, kind, kind === "Missing" ? deadline : ""].join(" ");

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
  for await (const page of rollcall.readModels.allRows(generation))
    cases.push(...Object.values(casesIn(Object.fromEntries(page.map(({ key, row }) => [key, row])))));
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
      const recorded = await flagsOf(rollcall);
      const said = recorded.map(({ kind, data }) => inWords({ ...data, kind } as FlagRecord));
      expect(said.toSorted(), "the oracle").to.deep.equal(expectedFlags(readBpic(), loanTerms).map(inWords).toSorted());
      const flags = recorded.map(({ id }) => id);
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

  it("give the same, flag by flag, to an observer that is stopped and resumed at ten random points", async () => {
    const places = { store: join(folder, "log.sqlite"), readModels: join(folder, "resumed.sqlite") };
    const open = () =>
      Rollcall.open(application({ domains: [], observers: [LoanApplications] }), { ...places, roles: ["observer"] });
    const positions: bigint[] = [];
    for (let stops = 0; stops < 10; stops++) {
      const resumed = await open();
      await resumed.start();
      await sleep(Math.random() * 60);
      await resumed.stop();
      const { readModels, stop } = await openIdle();
      positions.push((await readModels.activeGeneration("loan-applications"))?.checkpoint?.position ?? 0n);
      await stop();
    }
    const last = await open();
    try {
      const before = (await flagsOf(last)).map(({ id }) => id);
      await last.start();
      await until("it has read everything", async () => {
        const { subscriptions } = await last.queryContext().status();
        return subscriptions[0]!.state === "live" && subscriptions[0]!.lag?.events === 0;
      });
      expect(await countOf(last)).to.deep.equal(expected);
      expect((await flagsOf(last)).map(({ id }) => id)).to.deep.equal(before);
    } finally {
      await last.stop();
    }
    expect(new Set(positions.map(String)).size, `places where it was stopped: ${positions.join()}`).to.be.at.least(3);

    async function openIdle() {
      const rollcall = await open();
      return { readModels: rollcall.readModels, stop: () => rollcall.stop() };
    }
  });
});
