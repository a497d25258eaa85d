/** The tables of a read-model schema, and the numbered steps that bring an older one up to date. */

import { IncompatibleStore } from "../../errors.js";
import type { SchemaSurvey } from "../schema-survey.js";
import type { Columns, Database, Transaction } from "./database.js";

/** Step n leads from version n to n + 1 of the schema S. Never change one that was released: append another. */
const migrations: readonly string[] = [
  `CREATE TABLE S.generation (
     -- Never used twice: cursors and workers name generations that are gone.
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL,
     version integer NOT NULL,
     -- One generation serves in a place: name@version of a projection, name of an observer.
     place text NOT NULL,
     definition text NOT NULL,
     -- Digest of the code that folds.
     code text,
     state text NOT NULL CHECK (state IN ('building', 'active', 'retained', 'retired')),
     is_complete boolean NOT NULL DEFAULT false,
     created_at_ms double precision NOT NULL,
     -- Names of the fields to filter on, as a JSON array. The rows themselves are in the table rows_<id>.
     indexes text NOT NULL,
     store_id text,
     position bigint,
     handled bigint,
     recorded_at_ms double precision,
     checkpoint_state text
   );
   CREATE UNIQUE INDEX generation_one_of_a_state ON S.generation (place, state) WHERE state <> 'retired';

   CREATE TABLE S.lease (
     name text PRIMARY KEY,
     holder text,
     token bigint NOT NULL,
     -- Grows with everything that is written under it: less than was confirmed tells that the server has lost some.
     writes bigint NOT NULL DEFAULT 0,
     expires_at_ms double precision NOT NULL
   );

   CREATE TABLE S.checkpoint (
     subscription text PRIMARY KEY,
     store_id text NOT NULL,
     position bigint,
     handled bigint NOT NULL,
     recorded_at_ms double precision,
     checkpoint_state text
   );

   CREATE TABLE S.parked_event (
     subscription text NOT NULL,
     position bigint NOT NULL,
     reactor text NOT NULL,
     stream_name text NOT NULL,
     revision bigint NOT NULL,
     event_id text NOT NULL,
     event_type text NOT NULL,
     attempts integer NOT NULL,
     error text NOT NULL,
     parked_at_ms double precision NOT NULL,
     PRIMARY KEY (subscription, position)
   );`,
  `CREATE TABLE S.pause (
     subscription text PRIMARY KEY,
     reason text NOT NULL,
     paused_by text NOT NULL,
     paused_at_ms double precision NOT NULL
   );

   CREATE TABLE S.parked_request (
     number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     subscription text NOT NULL,
     kind text NOT NULL CHECK (kind IN ('retry', 'drop')),
     -- "all", or numbers with commas between.
     positions text NOT NULL,
     asked_by text NOT NULL,
     reason text,
     asked_at_ms double precision NOT NULL,
     begun boolean NOT NULL DEFAULT false,
     -- A JSON object.
     answer text
   );
   CREATE INDEX parked_request_open ON S.parked_request (subscription) WHERE answer IS NULL;

   CREATE TABLE S.released_event (
     subscription text NOT NULL,
     position bigint NOT NULL,
     reactor text NOT NULL,
     stream_name text NOT NULL,
     revision bigint NOT NULL,
     event_id text NOT NULL,
     event_type text NOT NULL,
     attempts integer NOT NULL,
     error text NOT NULL,
     parked_at_ms double precision NOT NULL,
     outcome text NOT NULL CHECK (outcome IN ('delivered', 'dropped')),
     released_by text NOT NULL,
     reason text,
     released_at_ms double precision NOT NULL,
     PRIMARY KEY (subscription, position)
   );`,
];

/** Marks the schema as Rollcall's, and says which steps were taken when. */
const mark = "rollcall_migration";

/**
 * Makes the schema ready for use, whether it is new, older or of the present version.
 * @throws IncompatibleStore when another program, or a newer version of this one, made its tables; they are left untouched.
 * @throws AccessDenied when the user may not create what is missing.
 */
export async function prepareSchema(database: Database): Promise<void> {
  if ((await versionOf(database, database)) === migrations.length) return;
  await database.write(async (transaction) => {
    // One process at a time. Held by the transaction, so that a pooler is no hindrance.
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`rollcall ${database.schema}`]);
    // Again, because another process may have prepared the schema in between.
    const version = await versionOf(database, transaction);
    if (version === migrations.length) return;
    if (version === undefined) await transaction.change(`CREATE SCHEMA ${database.schema}`);
    if (!version)
      await transaction.change(
        `CREATE TABLE ${database.schema}.${mark} (step integer PRIMARY KEY, taken_at timestamptz NOT NULL DEFAULT now())`,
      );
    for (const [step, migration] of migrations.entries()) {
      if (step < (version ?? 0)) continue;
      await transaction.change(migration.replaceAll("S.", `${database.schema}.`));
      await transaction.query(`INSERT INTO ${database.schema}.${mark} (step) VALUES ($1)`, [step + 1]);
    }
  });
}

/** Looks, and changes nothing. @throws IncompatibleStore as `prepareSchema` */
export async function surveySchema(database: Database): Promise<SchemaSurvey> {
  const { place, schema } = database;
  const version = (await versionOf(database, database)) ?? 0;
  const pending = migrations.slice(version).map((step) => step.replaceAll("S.", `${schema}.`));
  return { place: `${place}, schema ${schema}`, version, latest: migrations.length, pending };
}

interface Found extends Columns {
  readonly encoding: string;
  readonly schemas: string;
  readonly relations: string;
  readonly isMarked: string;
}

/** The version of the schema: 0 for one in which nothing is yet, `undefined` when it is not there. */
async function versionOf({ place, schema }: Database, reader: Pick<Transaction, "query">): Promise<number | undefined> {
  const [found] = await reader.query<Found>(
    `SELECT current_setting('server_encoding') AS encoding, count(DISTINCT n.oid) AS schemas, count(c.oid) AS relations,
       coalesce(bool_or(c.relname = '${mark}'), false)::text AS "isMarked"
     FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname = $1`,
    [schema.slice(1, -1)],
  );
  const { encoding, schemas, relations, isMarked } = found!;
  if (encoding !== "UTF8")
    throw new IncompatibleStore(
      `${place}: expected a database in the encoding UTF8, found ${encoding}. Name another, made by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0.`,
    );
  if (schemas === "0") return undefined;
  if (isMarked !== "true") {
    if (relations === "0") return 0;
    throw new IncompatibleStore(
      `${place}: expected a schema of Rollcall's read models, found that ${schema} holds ${relations} tables and indexes of another program. Name another schema (?schema=…) for the read models; it was left as it is.`,
    );
  }
  const [last] = await reader.query(`SELECT coalesce(max(step), 0) AS version FROM ${schema}.${mark}`);
  const version = Number(last!["version"]);
  if (version > migrations.length)
    throw new IncompatibleStore(
      `${place}: expected version ${migrations.length} of the schema ${schema} at most, found ${version}, made by a newer version. Run that version, or name another schema and rebuild the read models.`,
    );
  return version;
}
