/** Which steps would bring the tables of a read-model store up to date. */

export interface SchemaSurvey {
  /** The file, or the database with its schema. */
  readonly place: string;
  /** 0 where nothing is yet. */
  readonly version: number;
  /** What this version of Rollcall makes of it. */
  readonly latest: number;
  /** Statements of each step that is to be taken, the first one leading from `version` to the next. */
  readonly pending: readonly string[];
}
