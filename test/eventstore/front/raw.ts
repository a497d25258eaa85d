/** The protocol below the official client: what that client would never send, and what it does not show. */

import shared from "@eventstore/db-client/generated/shared_pb.js";
import type { UUID } from "@eventstore/db-client/generated/shared_pb.js";
import streamsGrpc from "@eventstore/db-client/generated/streams_grpc_pb.js";
import type { IStreamsClient } from "@eventstore/db-client/generated/streams_grpc_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendReq, AppendResp, ReadReq, ReadResp } from "@eventstore/db-client/generated/streams_pb.js";
import { credentials, type ServiceError } from "@grpc/grpc-js";

/** A connection of its own. */
export function connect(port: number): IStreamsClient & { close(): void } {
  return new streamsGrpc.StreamsClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
  }) as unknown as IStreamsClient & { close(): void };
}

export const nothing = () => new shared.Empty();

export const identifier = (streamName: string) => new shared.StreamIdentifier().setStreamName(Buffer.from(streamName));

export const uuid = (text: string): UUID => new shared.UUID().setString(text);

export function structuredUuid(most: bigint, least: bigint): UUID {
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(String(most)).setLeastSignificantBits(String(least));
  return new shared.UUID().setStructured(structured);
}

type ReadOptions = ReadReq.Options;
export type Change = (options: ReadOptions) => unknown;

/** A read of everything in $all, forwards, with ids as text; `changes` make of it what they like. */
export function readRequest(...changes: Change[]): ReadReq {
  const options = new streams.ReadReq.Options();
  options
    .setAll(new streams.ReadReq.Options.AllOptions().setStart(nothing()))
    .setCount("1000000")
    .setNoFilter(nothing())
    .setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(nothing()));
  for (const change of changes) change(options);
  return new streams.ReadReq().setOptions(options);
}

/** Of a stream, from its start. */
export const ofStream =
  (
    streamName: string,
    change: (options: ReadReq.Options.StreamOptions) => unknown = (stream) => stream.setStart(nothing()),
  ): Change =>
  (options) => {
    const stream = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(streamName));
    change(stream);
    return options.setStream(stream);
  };

export const fromPosition =
  (commit: string, prepare = commit): Change =>
  (options) => {
    const position = new streams.ReadReq.Options.Position().setCommitPosition(commit).setPreparePosition(prepare);
    return options.setAll(new streams.ReadReq.Options.AllOptions().setPosition(position));
  };

export const fromEnd: Change = (options) => options.setAll(new streams.ReadReq.Options.AllOptions().setEnd(nothing()));

export const backwards: Change = (options) => options.setReadDirection(streams.ReadReq.Options.ReadDirection.BACKWARDS);

export const subscription: Change = (options) =>
  options.setSubscription(new streams.ReadReq.Options.SubscriptionOptions());

export const structuredIds: Change = (options) =>
  options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setStructured(nothing()));

export interface FilterParts {
  readonly on?: "stream" | "type";
  readonly regex?: string;
  readonly prefixes?: string[];
  readonly max?: number | "count";
  readonly multiplier?: number;
}

export const filtered =
  ({ on = "type", regex = "", prefixes = [], max = "count", multiplier = 1 }: FilterParts): Change =>
  (options) => {
    const expression = new streams.ReadReq.Options.FilterOptions.Expression().setRegex(regex).setPrefixList(prefixes);
    const filter = new streams.ReadReq.Options.FilterOptions().setCheckpointintervalmultiplier(multiplier);
    if (on === "stream") filter.setStreamIdentifier(expression);
    else filter.setEventType(expression);
    if (max === "count") filter.setCount(nothing());
    else filter.setMax(max);
    return options.setFilter(filter);
  };

/** Everything that a finite read answers. @throws ServiceError */
export async function read(client: IStreamsClient, ...changes: Change[]): Promise<ReadResp[]> {
  const answers: ReadResp[] = [];
  for await (const answer of client.read(readRequest(...changes))) answers.push(answer as ReadResp);
  return answers;
}

/** `<revision>@<stream>` of each event among the answers. */
export const places = (answers: readonly ReadResp[]): string[] =>
  answers.flatMap((answer) => {
    const event = answer.getEvent()?.getEvent();
    return event ? [`${event.getStreamRevision()}@${nameIn(event.getStreamIdentifier()!)}`] : [];
  });

export const nameIn = (of: shared.StreamIdentifier) => Buffer.from(of.getStreamName_asU8()).toString();

/** The error that it ends with. */
export async function failure(of: Promise<unknown>): Promise<ServiceError> {
  const outcome = await of.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) throw new Error("It was expected to fail, and did not.");
  return outcome.error as ServiceError;
}

/** The trailers of an error, those of HTTP left out. */
export const trailers = ({ metadata }: ServiceError): Record<string, unknown> => {
  const { "content-type": _, date: __, ...rest } = metadata.getMap();
  return rest;
};

export interface EventParts {
  readonly id?: UUID;
  readonly type?: string;
  readonly contentType?: string;
  readonly data?: Uint8Array;
  readonly metadata?: Uint8Array;
}

/** With whatever is stated; what is left out is left out. */
export function proposed<Message extends AppendReq.ProposedMessage>(message: Message, parts: EventParts): Message {
  if (parts.id) message.setId(parts.id);
  if (parts.type !== undefined) message.getMetadataMap().set("type", parts.type);
  if (parts.contentType !== undefined) message.getMetadataMap().set("content-type", parts.contentType);
  message.setData(parts.data ?? "").setCustomMetadata(parts.metadata ?? "");
  return message;
}

/** Sends these messages by Append, then half-closes. @throws ServiceError */
export function append(client: IStreamsClient, messages: readonly AppendReq[]): Promise<AppendResp> {
  return new Promise((resolve, reject) => {
    const call = client.append((error, answer) => (error ? reject(error) : resolve(answer!)));
    for (const message of messages) call.write(message);
    call.end();
  });
}

export function appendOptions(change: (options: AppendReq.Options) => unknown): AppendReq {
  const options = new streams.AppendReq.Options();
  change(options);
  return new streams.AppendReq().setOptions(options);
}

export const appendEvent = (parts: EventParts) =>
  new streams.AppendReq().setProposedMessage(proposed(new streams.AppendReq.ProposedMessage(), parts));
