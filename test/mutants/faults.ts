/** Faults that somebody might make, as changes to the compiled output, and the tests that must go red by each. */

export interface Edit {
  /** Below `dist/src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

export interface Fault {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Below `dist/test`. One of them must go red. */
  readonly tests: readonly string[];
}

const cases = "observer/cases.test.js";
const plain = "property/observer.test.js";
const ticks = "observer/ticks.test.js";
const takeover = "observer/takeover.test.js";
const redefinition = "observer/redefinition.test.js";
const snapshots = "aggregate/snapshots.test.js";
const struck = "simulation/every-call.test.js";

const inObserver = (file: string, find: string, replace: string): Edit => ({
  file: `observer/${file}.js`,
  find,
  replace,
});
const inAggregate = (file: string, find: string, replace: string): Edit => ({
  file: `aggregate/${file}.js`,
  find,
  replace,
});
const fault = (name: string, edit: Edit | readonly Edit[], ...tests: readonly string[]): Fault => ({
  name,
  edits: Array.isArray(edit) ? (edit as readonly Edit[]) : [edit as Edit],
  tests,
});

const inPostgres = (name: string, file: string, find: string, replace: string, test: string): Fault =>
  fault(name, { file: `projection/postgres/${file}.js`, find, replace }, `projection/postgres/${test}.test.js`);

const heldByUpdate =
  "UPDATE ${this.table} SET writes = writes + 1 WHERE name = $1 AND holder = $2 AND token = $3 RETURNING writes";
const readAlone =
  "SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint AS writes FROM ${this.table} WHERE name = $1 AND holder = $2 AND token = $3";

const fires = "if (!this.redefining && this.rows.mayBeDue(time.nowMs))\n            await this.fire(event);";
const takes = "await judge.take(event, identities[i]);";
const record = "await this.flags.record(this.judge.definitions.chain);";
const recordsFlags = `if (this.flags.count > 0) {\n            await this.checkLease();\n            ${record}\n        }`;

export const faults: readonly Fault[] = [
  fault(
    "an event is applied before deadlines fire",
    [inObserver("event-judge", fires, ""), inObserver("case-writer", takes, `${takes} await judge.fire(event);`)],
    plain,
  ),
  fault(
    "nobody ticks",
    inObserver("ticker", "return await tick(this.store,", "return await (async () => {})(this.store,"),
    ticks,
  ),
  fault(
    "a tick that has been read is taken for a new one",
    inObserver("ticker", "Math.max(deadlineMs, nowMs), clock.now()", "deadlineMs, clock.now()"),
    ticks,
  ),
  fault(
    "no fence: a commit does not ask for the lease",
    {
      file: "projection/sqlite/read-model-store.js",
      find: "this.leases.check(lease);\n            if (!this.records.advance(",
      replace: "if (!this.records.advance(",
    },
    takeover,
  ),
  fault(
    "flags are recorded though the lease is lost",
    inObserver("case-writer", `await this.checkLease();\n            ${record}`, record),
    "observer/case-writer.test.js",
  ),
  fault(
    "the verdict is by the observer's own clock",
    inObserver("observer-time", "this.businessTimeMs - this.latenessMs : this.logTimeMs;", "Date.now() : Date.now();"),
    "observer/instances.test.js",
    plain,
  ),
  fault(
    "a flag's id is random",
    inObserver("flag-stream", 'derivedId("flag", name,', 'derivedId("flag", Math.random(), name,'),
    "observer/flag-stream.test.js",
  ),
  fault(
    "flags are appended at any revision",
    inObserver("flag-stream", 'first === 0n ? "no_stream" : first - 1n', '"any"'),
    "observer/flag-stream.test.js",
  ),
  fault(
    "the checkpoint is committed before the flags",
    [
      inObserver("case-writer", recordsFlags, ""),
      inObserver("case-writer", "this.settled = checkpoint;", `this.settled = checkpoint; ${record}`),
    ],
    struck,
  ),
  fault(
    "who starts again resumes from the head of the log",
    {
      file: "projection/live-read-model.js",
      find: "return generation.checkpoint ?? (",
      replace:
        "if (generation.checkpoint) return { ...generation.checkpoint, position: await store.head() };\n        return (",
    },
    "observer/outages.test.js",
  ),
  fault(
    "at the deadline itself it is too late",
    [
      inObserver("case-rows", "next.atMs >= nowMs", "next.atMs > nowMs"),
      inObserver("case-rows", "next.atMs < nowMs", "next.atMs <= nowMs"),
      inObserver("judging", "due && due.atMs < nowMs", "due && due.atMs <= nowMs"),
    ],
    plain,
  ),
  fault(
    "a case with something missing is closed",
    inObserver("case", 'state === "MISSING" || state === "ORPHAN";', 'state === "ORPHAN";'),
    cases,
  ),
  fault(
    "`where` is not asked",
    inObserver("slot", "slot.deadlineMs === undefined || holds(where, slot.trigger, data)", "true"),
    cases,
  ),
  fault(
    "a counterpart belongs to the last open round",
    inObserver(
      "runs",
      'rounds.find((round) => slots[round].state === "OPEN")',
      'rounds.findLast((round) => slots[round].state === "OPEN")',
    ),
    cases,
  ),
  fault(
    "the last meaning of an alias stands",
    inObserver("event-judge", "if (known !== undefined)\n            return;", ""),
    "observer/keys.test.js",
  ),
  fault(
    "an alias that was put away is taken for unknown",
    inObserver("event-judge", "await this.rows.prepare([], [via]);", ""),
    "observer/aliases.test.js",
  ),
  fault(
    "an acknowledgement does nothing",
    inObserver("judging", "return step.result(acknowledged.eventId, acknowledged)", "return unchanged(state)"),
    cases,
  ),
  fault(
    "flags of history are not marked",
    inObserver("flag-recorder", "history.isBackfill(position)", "false"),
    redefinition,
  ),
  fault(
    "statistics miss a move",
    inObserver("case-rows", "for (const move of moves)", "for (const move of moves.slice(1))"),
    "observer/moves.test.js",
  ),
  fault("the same event counts twice", inObserver("judging", "if (knows(state, event))", "if (false)"), plain),
  fault(
    "an open case is judged by the new terms",
    inObserver("definitions", "pins?.[name] ?? (hasTrigger(slots, name) ? 0 : this.current)", "this.current"),
    redefinition,
  ),
  fault(
    "a trigger from before the definition is judged by it",
    inObserver("step", '{ ...idle, state: "UNJUDGED", by }', "{ ...idle, by }"),
    redefinition,
  ),
  fault(
    "what waits is counted at the definition",
    inObserver(
      "judging",
      "isPending(state, event) || state.seen.includes(event.id + mark)",
      "state.seen.includes(event.id + mark)",
    ),
    redefinition,
  ),
  fault(
    "the new terms fire before the definition is in force everywhere",
    inObserver("event-judge", "if (!this.redefining && this.rows", "if (this.rows"),
    redefinition,
  ),
  fault(
    "a snapshot serves whatever event is where it ends",
    inAggregate("aggregate-loader", "else if (isSame(snapshot.last, recorded))", "else if (true)"),
    snapshots,
  ),
  fault(
    "a snapshot forgets which commands came before it",
    inAggregate("event-marks", "return this.marks.includes(markOf(beginningOfId));", "return false;"),
    snapshots,
  ),
  fault(
    "a snapshot serves whatever its state follows from",
    inAggregate("snapshot", "!rest.startsWith(identity.definition)", "false"),
    snapshots,
  ),
  fault(
    "a snapshot of a stream serves although its beginning is gone",
    inAggregate("aggregate-loader", "!first || !isSame(snapshot.first, first)", "!first"),
    snapshots,
  ),
  fault(
    "state that comes from a snapshot is not frozen where it was",
    inAggregate("state-text", 'const isFrozen = frozen[next++] === "1";', "const isFrozen = false;"),
    snapshots,
  ),
  fault(
    "an observer forgets what came before an event that is too new",
    inObserver("case-writer", 'error instanceof EventTooNew && this.context.mode === "live"', "false"),
    "versions/too-new.test.js",
  ),
  inPostgres(
    "PostgreSQL sorts keys by the database's collation",
    "row-table",
    'key text COLLATE "C" PRIMARY KEY',
    "key text PRIMARY KEY",
    "read-model-store",
  ),
  inPostgres("PostgreSQL is asked for the lease without holding it", "leases", heldByUpdate, readAlone, "outages"),
  inPostgres("PostgreSQL loses commits unnoticed", "leases", "if (found >= confirmed)", "if (found >= 0)", "outages"),
  inPostgres(
    "PostgreSQL keeps statements by name",
    "database",
    "=> ({ text, values",
    '=> ({ name: process.getBuiltinModule("crypto").createHash("md5").update(text).digest("hex"), text, values',
    "pooler",
  ),
  inPostgres(
    "two processes make the PostgreSQL schema at once",
    "schema",
    "pg_advisory_xact_lock(hashtextextended($1, 0))",
    "hashtextextended($1, 0)",
    "schema",
  ),
  inPostgres(
    "PostgreSQL is not asked again after a restart",
    "database",
    "if (!isInterruption(error))",
    "if (error)",
    "outages",
  ),
  inPostgres(
    "rows from before a field was declared stay without it",
    "read-model-store",
    "while (filled !== undefined);",
    "while (false);",
    "rows",
  ),
  inPostgres("rows are copied over others", "row-table", "return later.length === 0", "return true", "rows"),
  inPostgres(
    "the first key by characters is taken for the first by bytes",
    "row-table",
    "/[\\ud800-\\uffff]/.test(key)",
    "false",
    "rows",
  ),
  inPostgres("a copied backslash is not doubled", "stored-text", '"\\\\": "\\\\\\\\"', '"\\\\": "\\\\"', "rows"),
];
