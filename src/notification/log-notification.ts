/** A notification that writes each flag as one line of JSON. */

import type { Notification, NotificationOptions } from "./notification.js";

export interface LogNotificationOptions extends NotificationOptions {
  /** Writes one line, without its end; to standard output unless stated. It may be async. */
  readonly write?: (line: string) => unknown;
}

export function logNotification({ write = toStandardOutput, ...rest }: LogNotificationOptions): Notification {
  return {
    ...rest,
    deliver: async (flag) => {
      await write(JSON.stringify(flag));
    },
  };
}

/** Resolves when it is written: a pipe that broke is no delivery. */
const toStandardOutput = (line: string) =>
  new Promise<void>((resolve, reject) =>
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve())),
  );
