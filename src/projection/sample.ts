/** A sample of the rows of a read model: which keys are in it depends on the seed alone. */

import { createHash } from "node:crypto";
import { InvalidConfiguration } from "../errors.js";
import type { GenerationWriter } from "./read-model.js";
import type { ProjectionReadModel } from "./projection-read-model.js";

export interface Sample {
  /** Of the keys, above 0 and up to 1. */
  readonly fraction: number;
  /** Another one draws other keys. */
  readonly seed: string;
}

/** @throws InvalidConfiguration */
export function inSample({ fraction, seed }: Sample): (key: string) => boolean {
  if (!(fraction > 0 && fraction <= 1))
    throw new InvalidConfiguration([`Expected a sample above 0 and up to 1 (100 %), found ${fraction}.`]);
  return (key) => createHash("sha1").update(`${seed}\n${key}`).digest().readUInt32BE() < fraction * 2 ** 32;
}

/** The writer, given only events of rows that are in the sample. */
export const sampled = (
  writer: GenerationWriter,
  readModel: ProjectionReadModel,
  isSampled: (key: string) => boolean,
): GenerationWriter => ({
  get checkpoint() {
    return writer.checkpoint;
  },
  flush: () => writer.flush(),
  async handle(events) {
    const own = events.filter((recorded) => {
      try {
        return !readModel.folds.has(recorded.type) || [readModel.rowKeysOf(recorded)].flat().some(isSampled);
      } catch (error) {
        throw readModel.failureOf(recorded, error);
      }
    });
    if (own.length > 0) await writer.handle(own);
  },
});
