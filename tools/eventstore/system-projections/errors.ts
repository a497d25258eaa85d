/** What can go wrong with a system projection. */

import { RollcallError } from "../../../src/errors.js";

/** No projection has this name. */
export class UnknownProjection extends RollcallError {
  readonly code = "UNKNOWN_PROJECTION";
  constructor(
    readonly projection: string,
    readonly known: readonly string[],
  ) {
    super(`Projection '${projection}' not found. There are ${known.join(", ")}.`);
  }
}

/** What was asked for needs a running projection, and this one is disabled, has stopped or has failed. */
export class ProjectionNotRunning extends RollcallError {
  readonly code = "PROJECTION_NOT_RUNNING";
  constructor(
    readonly projection: string,
    options?: ErrorOptions,
  ) {
    const why = options?.cause instanceof Error ? `has failed: ${options.cause.message}` : "is not running.";
    super(`Projection '${projection}' ${why} Enable it first.`, options);
  }
}

/** A projection cannot write where it must. */
export class ProjectionOutputRefused extends RollcallError {
  readonly code = "PROJECTION_OUTPUT_REFUSED";
  constructor(
    readonly projection: string,
    readonly streamName: string,
    reason: string,
  ) {
    super(`Projection '${projection}' cannot write to ${streamName}: ${reason}`);
  }
}
