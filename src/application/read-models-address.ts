/** Where read models are, as a setting states it: in memory, an SQLite file, or a PostgreSQL database with what it takes to enter. */

import { isPostgres, postgresAddress } from "../projection/postgres/address.js";
import type { Secret } from "../secret.js";
import { storeAddress } from "./store-address.js";

export { isPostgres };

/** Who asks a PostgreSQL database. */
export interface ReadModelsAccess {
  readonly user?: string;
  readonly password?: Secret;
}

export interface ReadModelsAddress {
  /** `memory:`, the path of a file, or the URL of a PostgreSQL database without credentials. */
  readonly place: string;
  readonly access?: ReadModelsAccess;
  /** What is wrong with the text, each to follow its setting's name; never with a password. */
  readonly problems: readonly string[];
}

/** The address that `text` states. */
export function readModelsAddress(text: string): ReadModelsAddress {
  const trimmed = text.trim();
  if (!isPostgres(trimmed)) {
    const { place, problem } = storeAddress(trimmed);
    return { place, problems: problem === undefined ? [] : [problem] };
  }
  const { place, user, password, problems } = postgresAddress(trimmed);
  const access = { ...(user !== undefined && { user }), ...(password && { password }) };
  return { place, problems, ...((user ?? password) !== undefined && { access }) };
}
