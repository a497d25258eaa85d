/** The system projections of the development server: links by category, event type and correlation id, written to its log. */

import type { RecordLog } from "./record-log.js";
import { definitions } from "./system-projections/definitions.js";
import { UnknownProjection } from "./system-projections/errors.js";
import { SystemProjection, type ProjectionStatistics } from "./system-projections/system-projection.js";

export type { ProjectionStatistics };
export { ProjectionNotRunning, ProjectionOutputRefused, UnknownProjection } from "./system-projections/errors.js";

export interface SystemProjectionsOptions {
  /** Enables all of them at every start. Unless stated, those run that were enabled and not disabled since. */
  readonly enabled?: boolean | undefined;
  /** A projection has failed, and stands still until it is enabled again; its statistics say why, too. */
  readonly onFailure?: ((name: string, error: Error) => void) | undefined;
  /** Records of the log from checkpoint to checkpoint, 4000 unless stated: a start looks through so many again. */
  readonly recordsPerCheckpoint?: number | undefined;
}

/** Names are those of the real server, such as `$by_category`. Any other throws `UnknownProjection`. */
export class SystemProjections {
  readonly #projections: ReadonlyMap<string, SystemProjection>;

  constructor(log: RecordLog, options: SystemProjectionsOptions = {}) {
    const { enabled = false, onFailure = () => {}, recordsPerCheckpoint = 4_000 } = options;
    this.#projections = new Map(
      definitions.map((definition) => {
        const { name } = definition;
        const onFailureOfIt = (error: Error) => onFailure(name, error);
        const projection = new SystemProjection(log, definition, { recordsPerCheckpoint, onFailure: onFailureOfIt });
        if (enabled) projection.enable().catch(onFailureOfIt);
        return [name, projection];
      }),
    );
  }

  get names(): readonly string[] {
    return [...this.#projections.keys()];
  }

  /** It runs, now and after each restart, once this resolves; it goes on where it was. */
  enable(name: string): Promise<void> {
    return this.#named(name).enable();
  }

  /** It writes nothing any more once this resolves. `abort` leaves out the checkpoint, and says so in the status. */
  disable(name: string, { abort = false } = {}): Promise<void> {
    return this.#named(name).disable({ withCheckpoint: !abort });
  }

  /** Hides the links there are, and writes them anew from the first event on; when disabled, once it is enabled. */
  reset(name: string): Promise<void> {
    return this.#named(name).reset();
  }

  /** Stops those that run and starts those that are enabled, as a restart of the server would. */
  async restart(): Promise<void> {
    await Promise.all([...this.#projections.values()].map((projection) => projection.restart()));
  }

  statistics(name: string): ProjectionStatistics {
    return this.#named(name).statistics;
  }

  /** Resolves once all that is in the log now is linked. @throws ProjectionNotRunning */
  caughtUp(name: string): Promise<void> {
    return this.#named(name).caughtUp();
  }

  /** Nothing is written any more once this resolves; call it before the log is closed. */
  async stop(): Promise<void> {
    await Promise.all([...this.#projections.values()].map((projection) => projection.stop()));
  }

  #named(name: string): SystemProjection {
    const projection = this.#projections.get(name);
    if (!projection) throw new UnknownProjection(name, this.names);
    return projection;
  }
}

/** Over an open log, until `stop` is called. */
export function startSystemProjections(log: RecordLog, options?: SystemProjectionsOptions): SystemProjections {
  return new SystemProjections(log, options);
}
