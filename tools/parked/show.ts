/** `parked show`: one parked event in full, why it is parked, and what waits behind it. */

import { NotParked, parkingNamed, StreamDeleted, timeInWords, type RecordedEvent } from "../../src/index.js";
import { counted } from "../observe/layout.js";
import type { Session } from "../observe/session.js";

export async function show({ rollcall, print }: Session, name: string, position: bigint): Promise<void> {
  const { kind, name: of, subscription } = parkingNamed(rollcall.subscriptions, name);
  const parked = await rollcall.readModels.parked(subscription);
  const event = parked.find((each) => each.position === position);
  if (!event) throw new NotParked(of, position);
  const ofStream = parked.filter(({ streamName }) => streamName === event.streamName);
  const behind = ofStream.filter((each) => each.position > position);
  const ahead = ofStream.filter((each) => each.position < position);
  const { flagsStore, store } = rollcall;
  const recorded = await find(kind === "notification" ? flagsStore : store, event.streamName, event.revision);
  const isThere = recorded?.id === event.eventId;
  const contents = isThere
    ? {
        recordedAt: recorded.recordedAt.toISOString(),
        correlationId: recorded.correlationId,
        data: recorded.data instanceof Uint8Array ? `${recorded.data.length} bytes` : recorded.data,
        metadata: recorded.metadata,
      }
    : undefined;
  const waiting = behind.map(({ position: at, eventType, revision }) => ({ position: at, eventType, revision }));
  const text = [
    `${event.eventType}  ${event.eventId}`,
    `  stream      ${event.streamName}, revision ${event.revision}`,
    `  position    ${event.position}`,
    `  parked      ${timeInWords(event.parkedAtMs)}, after ${counted(event.attempts, "attempt")}`,
    `  why         ${event.error}`,
    ...(ahead.length > 0 ? [`  waits for   ${ahead.map(({ position: at }) => at).join(", ")}`] : []),
    `  behind it   ${behind.length === 0 ? "nothing" : behind.map(({ position: at }) => at).join(", ")}`,
    ...(contents
      ? [
          `  recorded    ${contents.recordedAt}${contents.correlationId === undefined ? "" : `, in the process ${contents.correlationId}`}`,
          `  data        ${indented(contents.data)}`,
          `  metadata    ${indented(contents.metadata)}`,
        ]
      : ["  The log no longer holds it. Drop it."]),
    `Deliver it again: npm run parked -- retry ${of} ${position}`,
  ];
  print({ kind, name: of, event, ...contents, isInLog: isThere, waiting }, text.join("\n"));
}

async function find(
  store: Session["rollcall"]["store"],
  streamName: string,
  revision: bigint,
): Promise<RecordedEvent | undefined> {
  try {
    for await (const [event] of store.readStream(streamName, { from: revision, limit: 1 })) return event;
  } catch (error) {
    if (!(error instanceof StreamDeleted)) throw error;
  }
  return undefined;
}

const indented = (value: unknown) =>
  (JSON.stringify(value, undefined, 2) ?? "nothing").replaceAll("\n", `\n${" ".repeat(14)}`);
