/** What can be wrong with the notifications of an application, whoever made them. */

import type { Notification } from "./notification.js";

/** Every problem with its remedy; types do not keep plain JavaScript from any of them. */
export function notificationProblems(notifications: readonly Notification[]): string[] {
  const names = notifications.map(({ name }) => name);
  const scraped = notifications.filter(({ exposition }) => exposition).map(({ name }) => JSON.stringify(name));
  return [
    ...notifications.flatMap((each) => [...problemsOf(each), ...(each.problems ?? [])]),
    ...new Set(
      names
        .filter((name, i) => names.indexOf(name) !== i)
        .map((name) => `Two notifications are named ${JSON.stringify(name)}. Rename one.`),
    ),
    ...(scraped.length > 1
      ? [`The notifications ${scraped.join(" and ")} both have metrics, and GET /metrics tells one count. Keep one.`]
      : []),
  ];
}

function problemsOf(notification: Notification): string[] {
  const { name, filter, notifyFrom, startFrom = "now" } = notification;
  const who = `The notification ${JSON.stringify(name)}`;
  const problems: string[] = [];
  if (typeof name !== "string" || !/^[a-z][a-z0-9-]*$/.test(name))
    problems.push(`A notification is named ${JSON.stringify(name)}. Use lower-case letters, digits and dashes.`);
  if (typeof notification.deliver !== "function") problems.push(`${who} has no method deliver. Give it one.`);
  if (filter !== undefined && typeof filter !== "function")
    problems.push(`${who} has a filter that is no function. Use one such as ({ kind }) => kind === "Missing".`);
  if (notifyFrom !== undefined && !isInstant(notifyFrom))
    problems.push(
      `${who} has notifyFrom ${JSON.stringify(notifyFrom)}. Use a time with its offset from UTC, such as "2026-01-01T00:00:00Z".`,
    );
  if (!["beginning", "now"].includes(startFrom))
    problems.push(`${who} has startFrom ${JSON.stringify(startFrom)}. Use "beginning" or "now".`);
  return problems;
}

/** Without an offset it would mean another time on every machine. */
const isInstant = (text: string) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text));
