/** What the doctor makes of its looks: a finding for each thing that there is, with what to do where something is amiss. */

import { rebuildLease, roughlyInWords, type HeldLease } from "../../src/index.js";
import type { PauseStatus } from "../../src/query/index.js";
import { counted } from "../observe/layout.js";
import { ok, problem, warning, type Finding } from "./finding.js";
import type { Looks, Patient } from "./looks.js";

export function examine(looks: Looks, nowMs: number): Finding[] {
  const { storeId, head, patients, leases, generations, tickAtMs } = looks;
  return [
    ok("log", `answers: ${storeId}, ends at position ${head ?? "none"}`),
    ok("read-model store", "answers, with the schema of this version"),
    ...patients.map(examinePatient),
    ...patients.flatMap(parkedFinding),
    ...patients.flatMap(parkedRowsFinding),
    ...leases.flatMap((lease) => strayLease(lease, patients)),
    ...generations.flatMap(({ state, place }) => (state === "building" ? unfinished(place, leases) : [])),
    clockFinding(tickAtMs, nowMs),
  ];
}

function examinePatient(patient: Patient): Finding {
  const { kind, name, status, standing, mismatch, moved, hadLag, lease } = patient;
  const subject = `${kind} ${name}`;
  const lag = status.lag ? `${status.lag.events}${status.lag.more ? "+" : ""} events behind` : "lag unknown";
  // The message says what to do.
  if (mismatch !== undefined) return problem(subject, mismatch);
  // What matters most to whoever asks, also of one that is paused.
  if (standing?.state === "not built") return notBuilt(subject, patient);
  if (status.pause)
    return warning(
      subject,
      `${inWordsOfPause(status.pause)}; ${lag}`,
      `When that is over: npm run projections -- resume ${name}`,
    );
  if (standing?.state === "outdated")
    return problem(
      subject,
      `version ${standing.version} is declared, what serves (version ${standing.servingVersion}) was built otherwise`,
      `npm run rebuild -- ${name}`,
    );
  if (hadLag && !moved) return stalled(subject, patient, lag);
  if (hadLag) return ok(subject, `catches up: ${lag}`);
  if (!isHeld(lease)) return warning(subject, `up to date, and ${holderInWords(lease)}`, start(kind));
  return ok(subject, `live at position ${status.position ?? "none"}`);
}

function notBuilt(subject: string, { kind, name, status, standing, lease }: Patient): Finding {
  const { version, pause } = status;
  // Queries have an answer, though not by what is declared.
  const isAnswered = version !== undefined;
  const found = isAnswered
    ? `version ${standing!.version} is declared and was not built, version ${version} serves`
    : "nothing was built yet, nothing serves";
  if (pause)
    return (isAnswered ? warning : problem)(
      subject,
      `${found}; ${inWordsOfPause(pause)}`,
      `Build it now, it stays paused: npm run rebuild -- ${name}. Or, when that is over: npm run projections -- resume ${name}`,
    );
  if (isHeld(lease)) return warning(subject, found, "Wait: it is being built.");
  return problem(subject, `${found}, and nobody works on it`, `${start(kind)} Or: npm run rebuild -- ${name}`);
}

const inWordsOfPause = ({ since, by, reason }: PauseStatus) => `paused since ${since}, by ${by}: ${reason}`;

function stalled(subject: string, { kind, lease, standing }: Patient, lag: string): Finding {
  if (!isHeld(lease))
    return problem(
      subject,
      `stalled, ${lag}: ${holderInWords(lease)}`,
      `${start(kind)} If one runs, its GET /status says why it stopped.`,
    );
  // Nobody but the process itself knows what is under way.
  if (!standing)
    return warning(
      subject,
      `did not move, ${lag}: ${lease!.holder} may be at a delivery that takes long, or is tried again`,
      "Look again in a while. If it goes on, look at GET /status of that process, and at whom it calls.",
    );
  return problem(
    subject,
    `stalled, ${lag}, although ${lease!.holder} holds its lease`,
    "Look at GET /status of that process: it may wait for a store, or stand still. Else restart it.",
  );
}

const isHeld = (lease: HeldLease | undefined) => lease?.holder !== undefined && lease.expiresInMs > 0;

function holderInWords(lease: HeldLease | undefined): string {
  if (lease?.holder === undefined) return "nobody works on it";
  return `${lease.holder}, which worked on it, fell silent ${roughlyInWords(-lease.expiresInMs)} ago`;
}

const start = (kind: Patient["kind"]) =>
  kind === "reactor"
    ? "Start a process that has the role of its domain (ROLLCALL_ROLES)."
    : `Start a process that has the role ${kind} (ROLLCALL_ROLES).`;

/** At which reactors and notifications stop, unless they say otherwise. */
const bound = 1_000;

function parkedRowsFinding({ name, status }: Patient): Finding[] {
  const { parkedRows = 0 } = status;
  if (parkedRows === 0) return [];
  const remedy = `GET /read-models/${name}?$state=parked says why; once the fold is mended: npm run rebuild -- ${name}, or -- ${name} --key KEY`;
  return [warning(`rows of ${name}`, `${counted(parkedRows, "row")} that stand still`, remedy)];
}

function parkedFinding({ kind, name, status }: Patient): Finding[] {
  const { parked = 0 } = status;
  if (parked === 0) return [];
  const subject = `parked by ${kind} ${name}`;
  const remedy = `npm run parked -- list ${name}; once the cause is mended: npm run parked -- retry ${name} --all`;
  return [
    parked >= bound
      ? problem(subject, `${counted(parked, "event")}: at the bound, it takes no more`, remedy)
      : warning(subject, counted(parked, "event"), remedy),
  ];
}

/** Of something else than the subscriptions, whose leases are told with them. */
function strayLease(lease: HeldLease, patients: readonly Patient[]): Finding[] {
  if (lease.holder === undefined || isHeld(lease)) return [];
  if (patients.some(({ subscription }) => subscription === lease.name)) return [];
  const found = `${lease.holder} never gave it back, and fell silent ${roughlyInWords(-lease.expiresInMs)} ago`;
  return [warning(`lease ${lease.name}`, found, "Nothing hangs on it: whoever needs it next takes it.")];
}

function unfinished(place: string, leases: readonly HeldLease[]): Finding[] {
  const subject = `rebuild of ${place}`;
  if (isHeld(leases.find(({ name }) => name === rebuildLease(place)))) return [ok(subject, "under way")];
  const [name] = place.split("@");
  return [
    warning(
      subject,
      "was left unfinished",
      `Finish it: npm run rebuild -- ${name}; or drop it: npm run projections -- prune`,
    ),
  ];
}

const toleranceMs = 2_000;
const wildMs = 60_000;

/** Only a tick from the future tells anything: an old one may be the last there was a reason for. */
function clockFinding(tickAtMs: number | undefined, nowMs: number): Finding {
  if (tickAtMs === undefined) return ok("clock", "there is no tick to compare it with");
  const aheadMs = tickAtMs - nowMs;
  if (aheadMs <= toleranceMs) return ok("clock", `the newest tick is ${roughlyInWords(Math.max(0, -aheadMs))} old`);
  const found = `the newest tick is ${roughlyInWords(aheadMs)} in the future: this clock, or that of whoever recorded it, is wrong`;
  const remedy = "Set the clocks of all machines by NTP. If log time ran ahead: npm run observe -- reset-clock";
  return aheadMs > wildMs ? problem("clock", found, remedy) : warning("clock", found, remedy);
}
