/** An observer over a log that is there: from nothing to live, from where it stopped to live, and a rebuild. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Rollcall, type StatedConfiguration } from "../../src/index.js";
import { cases, casesObserver } from "./cases.js";
import { goLive } from "./live.js";
import { duration, rate } from "./measure.js";

/** A working set in which a hundred thousand open cases have room, and a million have not. */
const options = { observerLimits: { cachedCases: 120_000, commitCases: 120_000 } };

export class ObserverRun {
  private readonly configuration: StatedConfiguration & { readonly readModels: string };

  constructor(
    log: string,
    folder: string,
    /** How many events the log holds. */
    private readonly count: number,
  ) {
    this.configuration = { store: log, readModels: join(folder, "rows.sqlite"), roles: ["observer"] };
  }

  /** Events a second, until it is live. */
  async catchUp(): Promise<number> {
    await this.forget();
    let rollcall: Rollcall | undefined;
    const perSecond = await rate(this.count, async () => (rollcall = await goLive(cases, this.configuration, options)));
    await rollcall!.stop();
    return perSecond;
  }

  /** Milliseconds from opening the application until its observer is live again. */
  async restart(): Promise<number> {
    let rollcall: Rollcall | undefined;
    const ms = await duration(async () => (rollcall = await goLive(cases, this.configuration, options)));
    await rollcall!.stop();
    return ms;
  }

  async rebuild(): Promise<number> {
    await this.forget();
    const rollcall = await Rollcall.open(cases, this.configuration, options);
    const perSecond = await rate(this.count, () => rollcall.rebuild(casesObserver));
    await rollcall.stop();
    return perSecond;
  }

  private async forget(): Promise<void> {
    for (const suffix of ["", "-wal", "-shm"]) await rm(this.configuration.readModels + suffix, { force: true });
  }
}
