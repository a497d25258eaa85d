/** Every public error. Each says who, what was expected, what was found, and what to do; match on `code`, never on the message. */

export abstract class RollcallError extends Error {
  /** Stable across releases. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

const numbered = (problems: readonly string[]) => problems.map((problem, i) => `  ${i + 1}. ${problem}`).join("\n");

/** The model (what decorators and registrations declare) is inconsistent; lists every problem, not only the first. */
export class InvalidModel extends RollcallError {
  readonly code = "INVALID_MODEL";
  constructor(readonly problems: readonly string[]) {
    super(`The model has ${problems.length} problem(s):\n${numbered(problems)}`);
  }
}

/** A setting is missing or malformed; lists every problem, not only the first. */
export class InvalidConfiguration extends RollcallError {
  readonly code = "INVALID_CONFIGURATION";
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${numbered(problems)}`);
  }
}

// ── Commands ────────────────────────────────────────────────────────────────

/** The command is not allowed in the aggregate's present state. Thrown by the methods that carry `@Handles`. */
export class CommandRejected extends RollcallError {
  readonly code: string = "COMMAND_REJECTED";
}

/** One broken rule of a command. */
export interface Violation {
  /** JSON pointer to the field, for example `/lines/0/quantity`. */
  readonly pointer: string;
  /** The rule in words, for example `total must be a positive number`. */
  readonly message: string;
}

/** The command is malformed; lists every violation. */
export class InvalidCommand extends RollcallError {
  readonly code = "INVALID_COMMAND";
  constructor(
    readonly commandType: string,
    readonly violations: readonly Violation[],
  ) {
    super(
      `${commandType} is invalid:\n${numbered(violations.map(({ pointer, message }) => `${pointer || "/"}: ${message}`))}`,
    );
  }
}

/** No aggregate of this application handles the command. */
export class UnknownCommand extends RollcallError {
  readonly code = "UNKNOWN_COMMAND";
  constructor(
    readonly commandType: string,
    readonly known: readonly string[],
  ) {
    super(
      `No aggregate handles ${commandType}. Known commands: ${known.join(", ") || "none"}. Register its domain or correct the name.`,
    );
  }
}

/** A command id was used before, for another payload. */
export class CommandIdReused extends RollcallError {
  readonly code = "COMMAND_ID_REUSED";
  constructor(
    readonly commandId: string,
    readonly streamName: string,
  ) {
    super(
      `${streamName}: command id ${commandId} was already used for a command with another payload. Use a new id for a new command.`,
    );
  }
}

/** An aggregate's method failed to fold an event into its state. */
export class ApplyFailed extends RollcallError {
  readonly code = "APPLY_FAILED";
  constructor(
    readonly aggregate: string,
    readonly streamName: string,
    readonly eventType: string,
    /** Where it is recorded; `undefined` for an event that was decided, and not recorded because of this. */
    readonly revision: bigint | undefined,
    cause: unknown,
  ) {
    super(
      `${streamName}: ${aggregate} could not apply ${eventType} (${revision === undefined ? "just decided, not recorded" : `revision ${revision}`}): ${cause instanceof Error ? cause.message : String(cause)}. Correct the @Applies method: it must take every event that was ever recorded.`,
      { cause },
    );
  }
}

/** A stream holds an event that its aggregate does not apply. */
export class EventNotApplied extends RollcallError {
  readonly code = "EVENT_NOT_APPLIED";
  constructor(
    readonly aggregate: string,
    readonly streamName: string,
    readonly eventType: string,
    readonly revision: bigint,
  ) {
    super(
      `${streamName}: revision ${revision} is a ${eventType}, which ${aggregate} does not apply. Add an @Applies method for it.`,
    );
  }
}

/** The state of an aggregate would not survive JSON, so no snapshot of it is taken. It is told; no command fails by it. */
export class SnapshotRefused extends RollcallError {
  readonly code = "SNAPSHOT_REFUSED";
  constructor(
    readonly aggregate: string,
    readonly streamName: string,
    /** The field, for example `lines[0].price`. */
    readonly place: string,
    readonly found: string,
  ) {
    super(
      `${streamName}: no snapshot of ${aggregate} was taken. Expected a state that JSON gives back as it was, found ${place}: ${found}. Keep plain objects, arrays, text, finite numbers, true, false and null, each object in one place; or take snapshot out of @Aggregate. Until then every event is read.`,
    );
  }
}

/** Snapshots could not be read or written, or one is damaged. It is told; commands go on, and read every event. */
export class SnapshotFailed extends RollcallError {
  readonly code = "SNAPSHOT_FAILED";
}

// ── Messages ────────────────────────────────────────────────────────────────

/** A stored event cannot be turned into the present shape of its type. */
export class UndecodableEvent extends RollcallError {
  readonly code = "UNDECODABLE_EVENT";
  constructor(
    readonly streamName: string,
    readonly revision: bigint,
    readonly eventType: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${streamName}: revision ${revision} (${eventType}) ${reason}`, options);
  }
}

/** A stored event has a newer schema version than this process knows. */
export class EventTooNew extends RollcallError {
  readonly code = "EVENT_TOO_NEW";
  constructor(
    readonly eventType: string,
    readonly found: number,
    readonly known: number,
    where: string,
  ) {
    super(
      `${where}: ${eventType} was recorded with schema version ${found}, this process knows up to ${known}. Deploy the newer version here; nothing was skipped.`,
    );
  }
}

// ── Store ───────────────────────────────────────────────────────────────────

/** Someone else appended to the stream first, or the stream is not in the expected state. */
export class WrongExpectedRevision extends RollcallError {
  readonly code = "WRONG_EXPECTED_REVISION";
  constructor(
    readonly streamName: string,
    readonly expected: bigint | "no_stream" | "stream_exists" | "any",
    readonly actual: bigint | "no_stream",
  ) {
    super(
      `${streamName}: expected revision ${expected}, found ${actual}. Load the aggregate again and retry the command.`,
    );
  }
}

/** The stream was deleted for good and can be neither read nor appended to. */
export class StreamDeleted extends RollcallError {
  readonly code = "STREAM_DELETED";
  constructor(readonly streamName: string) {
    super(`${streamName}: the stream was deleted. Use another stream name.`);
  }
}

/** The store did not answer in time. The append may have been committed: retry it with the same event ids. */
export class StoreUnavailable extends RollcallError {
  readonly code = "STORE_UNAVAILABLE";
}

/** The store was closed while, or before, it was asked. */
export class StoreClosed extends RollcallError {
  readonly code = "STORE_CLOSED";
  constructor(what: string) {
    super(`${what}: the store is closed. Open it again before use.`);
  }
}

/** What was to be appended cannot be stored, whatever the state of the stream. */
export class InvalidAppend extends RollcallError {
  readonly code = "INVALID_APPEND";
  constructor(
    readonly streamName: string,
    reason: string,
  ) {
    super(`${streamName}: ${reason}`);
  }
}

export interface AccessDeniedOptions extends ErrorOptions {
  /** Who refused; EventStoreDB unless stated. */
  readonly server?: string;
  /** What to do about it. */
  readonly remedy?: string;
}

const remedyInEventStoreDb = (denied: readonly string[]) =>
  `Check the name and the password; else let an administrator grant it in the access control list of the stream ($all included), or in $settings.${denied.some((each) => each.startsWith("append")) ? " An application that only observes need not write: set ROLLCALL_READ_ONLY to true (readOnly in code)." : ""}`;

/** The server does not let this user do what is needed; lists everything that is missing, not only the first. */
export class AccessDenied extends RollcallError {
  readonly code = "ACCESS_DENIED";
  constructor(
    /** Who was refused, in words: a user's name, or how else the server was to know them. */
    readonly who: string,
    /** What was refused, for example `read $all`. */
    readonly denied: readonly string[],
    { server = "EventStoreDB", remedy = remedyInEventStoreDb(denied), cause }: AccessDeniedOptions = {},
  ) {
    super(`${server} does not let ${who}:\n${numbered(denied)}\n${remedy}`, { cause });
  }
}

/** This process was told to read the log and never to write to it. */
export class LogIsReadOnly extends RollcallError {
  readonly code = "LOG_IS_READ_ONLY";
  constructor(readonly streamName: string) {
    super(
      `${streamName}: expected a log that may be written, found read-only operation (ROLLCALL_READ_ONLY, readOnly); nothing was appended. Let a process that may write do it.`,
    );
  }
}

/**
 * Server and client cannot agree on a connection over TLS: one of them does not use it, or the one does not trust the
 * certificate of the other. Trying again does not help.
 */
export class UntrustedConnection extends RollcallError {
  readonly code = "UNTRUSTED_CONNECTION";
  constructor(
    what: string,
    /** What was wrong, in words. */
    readonly found: string,
    remedy: string,
    options?: ErrorOptions,
  ) {
    super(
      `${what}: expected a server that speaks TLS, with a certificate that is trusted here; found: ${found}. ${remedy}`,
      options,
    );
  }
}

/** The server refused, in words of its own, what it should have taken. */
export class UnexpectedAnswer extends RollcallError {
  readonly code = "UNEXPECTED_ANSWER";
}

/**
 * A database file was written by another program, or by a newer version of this one; or the EventStoreDB, or the
 * client library that leads to it, is not one that this version works with.
 */
export class IncompatibleStore extends RollcallError {
  readonly code = "INCOMPATIBLE_STORE";
}

// ── Subscriptions, projections, observers ───────────────────────────────────

/** A checkpoint belongs to another log, or lies beyond the head of this one. */
export class CheckpointMismatch extends RollcallError {
  readonly code = "CHECKPOINT_MISMATCH";
  constructor(
    readonly subscription: string,
    reason: string,
    /** False for what has effects, which cannot be made anew. */
    readonly rebuildable = true,
  ) {
    super(
      rebuildable
        ? `${subscription}: ${reason} Rebuild it from this log, or point it at the log that its checkpoint belongs to.`
        : `${subscription}: ${reason} What has effects cannot be rebuilt. Point it at the log that its checkpoint belongs to, or at another read-model file, where it begins as if it had never run.`,
    );
  }
}

/** A fold made a row that is no JSON object, or a key that cannot be stored; nothing was written. */
export class InvalidRow extends RollcallError {
  readonly code = "INVALID_ROW";
  constructor(
    readonly readModel: string,
    readonly key: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${readModel}: row ${JSON.stringify(key)} ${reason} Nothing was written; correct the fold.`, options);
  }
}

/** Another worker has taken over: this one's token is no longer the newest, and it wrote nothing. */
export class Fenced extends RollcallError {
  readonly code = "FENCED";
  constructor(readonly lease: string) {
    super(`${lease}: another worker has taken over; nothing was written. Acquire the lease again before continuing.`);
  }
}

/** A rebuild of the same read model is under way elsewhere. */
export class RebuildInProgress extends RollcallError {
  readonly code = "REBUILD_IN_PROGRESS";
  constructor(readonly readModel: string) {
    super(
      `${readModel}: another rebuild is under way. Wait for it, or stop it first; one that was killed lets go within ten seconds.`,
    );
  }
}

/** A thread of a rebuild ended before it had read its part. */
export class RebuildThreadEnded extends RollcallError {
  readonly code = "REBUILD_THREAD_ENDED";
  constructor(
    readonly readModel: string,
    /** Counted from 1. */
    readonly thread: number,
    readonly threads: number,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `${readModel}: thread ${thread} of ${threads} of its rebuild ended before its part was read: ${reason}. What serves stays as it is. Make sure that the application does not end the process, and that a part of the rows fits into memory; or rebuild without workers.`,
      options,
    );
  }
}

/** A projection, observer or reactor could not handle an event. */
export class HandlingFailed extends RollcallError {
  readonly code = "HANDLING_FAILED";
  constructor(
    readonly subscription: string,
    readonly streamName: string,
    readonly revision: bigint,
    readonly eventType: string,
    readonly position: bigint,
    cause: unknown,
  ) {
    super(
      `${subscription}: could not handle ${eventType} (${streamName}, revision ${revision}, position ${position}): ${cause instanceof Error ? cause.message : String(cause)}. The checkpoint stays before it; correct the handler and restart.`,
      { cause },
    );
  }
}

/** What a read model was declared as, here or when it was built. */
export interface DeclaredReadModel {
  readonly version: number;
  /** Digest of what is declared. */
  readonly definition: string;
}

/** The code declares another read model than the one that was built and serves. */
export class ReadModelOutdated extends RollcallError {
  readonly code = "READ_MODEL_OUTDATED";
  constructor(
    readonly readModel: string,
    readonly declared: DeclaredReadModel,
    readonly built: DeclaredReadModel,
    readonly difference?: string,
  ) {
    super(`${readModel}: ${adviceFor(readModel, declared.version, built.version, difference)}`);
  }
}

function adviceFor(readModel: string, declared: number, built: number, difference?: string): string {
  if (declared === built) {
    const how = difference === undefined ? "" : ` (${difference})`;
    return `what it declares has changed since it was built${how}, its version (${built}) has not. Raise the version, or rebuild it: npm run rebuild -- ${readModel}. Until then it stands still.`;
  }
  if (declared < built)
    return `version ${declared} is declared here, version ${built} was built and serves. Deploy the newer version here.`;
  return `version ${declared} is declared, version ${built} was built and still serves. Rebuild it: npm run rebuild -- ${readModel}`;
}

/** What served before the last rebuild was folded by another code of the same version, and has to catch up by that. */
export class RetainedByOtherCode extends RollcallError {
  readonly code = "RETAINED_BY_OTHER_CODE";
  constructor(readonly readModel: string) {
    super(
      `${readModel}: expected what served before its last rebuild to be of this code, found that another one of the same version folded it. Roll back with the code that built it: deploy that first; or rebuild: npm run rebuild -- ${readModel}`,
    );
  }
}

/** A read model is declared, and nobody has built it yet. */
export class NotBuilt extends RollcallError {
  readonly code = "NOT_BUILT";
  constructor(
    readonly readModel: string,
    readonly version: number,
  ) {
    super(
      `${readModel}: expected rows of version ${version}, found that none were built yet. Start a process with the role that keeps it live, or rebuild it: npm run rebuild -- ${readModel}`,
    );
  }
}

/** Something that only a projection can do was asked of an observer. */
export class NoRowsAlone extends RollcallError {
  readonly code = "NO_ROWS_ALONE";
  constructor(
    readonly readModel: string,
    operation: string,
  ) {
    super(
      `${readModel} is an observer: there is nothing to ${operation}, because its flags are on record. Look at a case with npm run observe -- explain, or rebuild all of it: npm run rebuild -- ${readModel}`,
    );
  }
}

/** A projection was to be built as it was at a moment that is still to come, as if it could be known. */
export class MomentNotReached extends RollcallError {
  readonly code = "MOMENT_NOT_REACHED";
  /**
   * @param moment in words
   * @param reached the last moment that may be asked for, in words
   */
  constructor(
    readonly readModel: string,
    readonly moment: string,
    readonly reached: string,
  ) {
    super(
      `${readModel}: expected a moment that the log has reached, found ${moment}, while ${reached}. Name one up to that, or ask again once it is reached.`,
    );
  }
}

/** What served before the last rebuild is not there to go back to. */
export class NothingRetained extends RollcallError {
  readonly code = "NOTHING_RETAINED";
  constructor(readonly readModel: string) {
    super(
      `${readModel}: expected what served before its last rebuild, found nothing that was built by its version and terms. Only the rebuild of a projection keeps it, until it is pruned; rebuild instead: npm run rebuild -- ${readModel}`,
    );
  }
}

/** The application has no subscription of that name. */
export class UnknownSubscription extends RollcallError {
  readonly code = "UNKNOWN_SUBSCRIPTION";
  constructor(
    readonly subscription: string,
    readonly known: readonly string[],
  ) {
    super(
      `There is no projection, observer, reactor or notification ${subscription}. Known: ${known.join(", ") || "none"}.`,
    );
  }
}

/** Subscriptions of several kinds have that name. */
export class AmbiguousSubscription extends RollcallError {
  readonly code = "AMBIGUOUS_SUBSCRIPTION";
  constructor(
    readonly subscription: string,
    readonly kinds: readonly string[],
  ) {
    super(
      `${subscription}: expected the name of one subscription, found a ${kinds.join(" and a ")}. Say which: ${kinds.map((kind) => `${kind}:${subscription}`).join(" or ")}.`,
    );
  }
}

/** An operator lets the subscription stand still, so that nobody does what was asked of it. */
export class SubscriptionPaused extends RollcallError {
  readonly code = "SUBSCRIPTION_PAUSED";
  constructor(
    readonly subscription: string,
    readonly reason: string,
    readonly by: string,
  ) {
    super(
      `${subscription}: expected somebody at work, found that ${by} has paused it: ${reason}. Nothing was done; resume it first: npm run projections -- resume ${subscription}`,
    );
  }
}

/** No process took up what was asked of a subscription. */
export class NobodyAtWork extends RollcallError {
  readonly code = "NOBODY_AT_WORK";
  constructor(
    readonly subscription: string,
    readonly waitedMs: number,
    /** Who holds the lease all the same. */
    readonly holder?: string,
  ) {
    const found = holder
      ? `that ${holder} holds its lease and did not answer for ${waitedMs} ms. It may stand still, or run an older version: see GET /status there`
      : `nobody who holds its lease for ${waitedMs} ms. Start a process that has its role (ROLLCALL_ROLES), or see GET /status for why it stopped`;
    super(`${subscription}: expected a process at work, found ${found}. Nothing was done.`);
  }
}

/** An event is not among those that the subscription has parked. */
export class NotParked extends RollcallError {
  readonly code = "NOT_PARKED";
  constructor(
    readonly subscription: string,
    readonly position: bigint,
  ) {
    super(
      `${subscription}: expected a parked event at position ${position}, found none. It may have been delivered or dropped: npm run parked -- list ${subscription} --dropped`,
    );
  }
}

/** The subscription parks no events: it stops at what it cannot handle. */
export class ParksNothing extends RollcallError {
  readonly code = "PARKS_NOTHING";
  constructor(
    readonly subscription: string,
    kind: string,
  ) {
    super(
      `${subscription}: expected a reactor or a notification, found ${kind === "observer" ? "an" : "a"} ${kind}, which parks nothing: it stops at what it cannot handle. Correct it, and rebuild or restart it.`,
    );
  }
}

/** Too many events are parked; the subscription stops rather than fall further behind unseen. */
export class TooManyParked extends RollcallError {
  readonly code = "TOO_MANY_PARKED";
  constructor(
    readonly subscription: string,
    readonly parked: number,
  ) {
    super(
      `${subscription}: ${parked} events are parked, which is the bound. Mend the cause, then deliver them again: npm run parked -- retry ${subscription} --all. It goes on by itself once there are fewer.`,
    );
  }
}

// ── Notifications ───────────────────────────────────────────────────────────

/** A flag could not be delivered now. It is tried again, a bounded number of times. */
export class DeliveryFailed extends RollcallError {
  readonly code = "DELIVERY_FAILED";
  constructor(
    message: string,
    /** How long the receiver asked to be left alone, in milliseconds; heeded up to a bound. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** A flag will never be taken, however often it is tried. It is parked at once. */
export class DeliveryRefused extends RollcallError {
  readonly code = "DELIVERY_REFUSED";
}

/** A request is no webhook of ours, or is too old. Answer it with 401. */
export class InvalidWebhook extends RollcallError {
  readonly code = "INVALID_WEBHOOK";
  constructor(reason: string) {
    super(
      `The webhook is not genuine: ${reason}. Answer it with 401. If it should be, give sender and receiver the same secret and time, and verify the body as it came, before any parser.`,
    );
  }
}

// ── Reading ─────────────────────────────────────────────────────────────────

/** Two instances, or a rebuild and the recorded flags, disagree about a case. */
export class Divergence extends RollcallError {
  readonly code = "DIVERGENCE";
  constructor(
    readonly observer: string,
    readonly streamName: string,
    readonly sequence: bigint,
    readonly expectedId: string,
    readonly foundId: string,
  ) {
    super(
      `${observer}: ${streamName} expected flag ${expectedId} at ${sequence}, found ${foundId}. Did the definition change without a new version? Give it one.`,
    );
  }
}

/** A rebuild cannot derive the flags that are recorded, because the beginning of a stream is gone; nothing was appended. */
export class HistoryTruncated extends RollcallError {
  readonly code = "HISTORY_TRUNCATED";
  constructor(
    readonly observer: string,
    /** `undefined`: flags on the observer itself. */
    readonly caseKey: string | undefined,
    readonly streamName: string,
    /** Where the stream begins now; `undefined` when nothing is left of it. */
    readonly firstRevision: bigint | undefined,
    /** What history gives, and what is recorded. */
    found: string,
  ) {
    const concerns = caseKey === undefined ? "" : `case ${JSON.stringify(caseKey)}: `;
    const what =
      firstRevision === undefined ? "was deleted" : `begins at revision ${firstRevision}: what came before is gone`;
    super(
      `${observer}: ${concerns}${streamName} ${what}, and history no longer gives what it gave (${found}). Nothing was appended, and what serves goes on serving. Keep it, or restore the stream and rebuild; to judge what is left as if it were all, raise the version with applyTo: "all".`,
    );
  }
}

/** An observer has no case of that key. */
export class UnknownCase extends RollcallError {
  readonly code = "UNKNOWN_CASE";
  constructor(
    readonly observer: string,
    readonly caseKey: string,
  ) {
    super(`${observer} has no case ${JSON.stringify(caseKey)}, and no case of which that is an alias.`);
  }
}

/** There is nothing in the case that could be acknowledged. */
export class NothingAmiss extends RollcallError {
  readonly code = "NOTHING_AMISS";
  constructor(
    readonly observer: string,
    readonly caseKey: string,
    /** What the case is instead, in words. */
    found: string,
  ) {
    super(
      `${observer}: case ${JSON.stringify(caseKey)}: expected something MISSING or ORPHAN to acknowledge, found: ${found}. Nothing was recorded.`,
    );
  }
}

/** Log time cannot be reset to that time. */
export class InvalidReset extends RollcallError {
  readonly code = "INVALID_RESET";
}

/** An observer declares other terms than those that its version is on record with. */
export class DefinitionChanged extends RollcallError {
  readonly code = "DEFINITION_CHANGED";
  constructor(
    readonly observer: string,
    readonly version: number,
    readonly changes: readonly string[],
  ) {
    super(
      `${observer}: version ${version} is on record with other terms: ${changes.join("; ")}. Raise the version, or take the change back.`,
    );
  }
}

/** Cases may be open under an earlier definition, whose predicates are not at hand. */
export class DefinitionMissing extends RollcallError {
  readonly code = "DEFINITION_MISSING";
  constructor(
    readonly observer: string,
    readonly version: number,
    readonly slot: string,
  ) {
    super(
      `${observer}: version ${version} is on record with a predicate of ${slot}, which cannot be read from there. Keep its class, unchanged, and name it in previous: [ … ] of the observer.`,
    );
  }
}

/** No read model, observer or row of that name is served here. */
export class UnknownReadModel extends RollcallError {
  readonly code = "UNKNOWN_READ_MODEL";
  constructor(
    readonly readModel: string,
    readonly known: readonly string[],
  ) {
    super(`There is no read model ${readModel}. Known: ${known.join(", ") || "none"}.`);
  }
}

/** A query names a field that cannot be filtered on, a bad limit, or a cursor that is no longer valid. */
export class InvalidQuery extends RollcallError {
  readonly code = "INVALID_QUERY";
}

/** A file to import has errors; nothing was appended. */
export class InvalidImport extends RollcallError {
  readonly code = "INVALID_IMPORT";
  constructor(
    readonly file: string,
    /** Each with its place in the file. At most the first hundred. */
    readonly problems: readonly string[],
    readonly total: number = problems.length,
  ) {
    super(`${file} has ${total} problem(s); nothing was appended:\n${numbered(problems)}`);
  }
}

/** Whatever was thrown, in words: its class, and what it says. */
export const errorInWords = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);
