/** What to read of the log: as the port's filters say, or all that users have written. */

import { passes as passesFilter } from "../event-filter.js";
import type { EventFilter } from "../event-store.js";

/** Passes everything but records of the server's own, which its metadata, statistics, checkpoints and links are. */
export const ofUsers = "of users";

export type LogFilter = EventFilter | typeof ofUsers;

/** Whether an event of this type was written by users; a link is not an event of its own. */
export const isOfUsers = (type: string): boolean => !type.startsWith("$");

/** Whether an event of this type in this stream passes. */
export const passes = (filter: LogFilter | undefined, type: string, streamName: string): boolean =>
  filter === ofUsers ? isOfUsers(type) : passesFilter(filter, type, streamName);
