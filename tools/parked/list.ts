/** `parked list`: what reactors and notifications have parked, or what was dropped of it. */

import {
  parkingNamed,
  timeInWords,
  type NamedSubscription,
  type ParkedEvent,
  type ReleasedEvent,
} from "../../src/index.js";
import { coloured, counted, table } from "../observe/layout.js";
import type { Session } from "../observe/session.js";

export async function list(
  { rollcall, print }: Session,
  name: string | undefined,
  dropped: boolean | undefined,
): Promise<void> {
  const { subscriptions, readModels } = rollcall;
  const wanted =
    name === undefined
      ? subscriptions.filter(({ kind }) => kind === "reactor" || kind === "notification")
      : [parkingNamed(subscriptions, name)];
  const found = await Promise.all(
    wanted.map(async ({ kind, name: of, subscription }) => ({
      kind,
      name: of,
      events: dropped
        ? (await readModels.releasedEvents(subscription)).filter(({ outcome }) => outcome === "dropped")
        : await readModels.parked(subscription),
    })),
  );
  const text = found.map((each) =>
    dropped ? droppedInWords(each, each.events as readonly ReleasedEvent[]) : parkedInWords(each, each.events),
  );
  print({ subscriptions: found }, text.join("\n\n") || "The application has no reactors and no notifications.");
}

type Named = Pick<NamedSubscription, "kind" | "name">;

function parkedInWords({ kind, name }: Named, events: readonly ParkedEvent[]): string {
  const heading = `${coloured("bold", name)} (${kind})`;
  if (events.length === 0) return `${heading} has parked nothing.`;
  const rows = events.map((event) => [
    String(event.position),
    event.eventType,
    `${event.streamName}@${event.revision}`,
    String(event.attempts),
    timeInWords(event.parkedAtMs),
    onOneLine(event.error),
  ]);
  return [
    `${heading} has parked ${counted(events.length, "event")}:`,
    table(["POSITION", "EVENT", "STREAM", "ATTEMPTS", "PARKED (UTC)", "ERROR"], rows),
    `In full: npm run parked -- show ${name} ${events[0]!.position}`,
  ].join("\n");
}

function droppedInWords({ kind, name }: Named, events: readonly ReleasedEvent[]): string {
  const heading = `${coloured("bold", name)} (${kind})`;
  if (events.length === 0) return `${heading}: nothing was dropped.`;
  const rows = events.map((event) => [
    String(event.position),
    event.eventType,
    `${event.streamName}@${event.revision}`,
    timeInWords(event.releasedAtMs),
    event.by,
    onOneLine(event.reason ?? ""),
    onOneLine(event.error),
  ]);
  return [
    `${heading}: ${counted(events.length, "event")} dropped:`,
    table(["POSITION", "EVENT", "STREAM", "DROPPED (UTC)", "BY", "REASON", "ERROR"], rows),
  ].join("\n");
}

const longest = 100;

function onOneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
