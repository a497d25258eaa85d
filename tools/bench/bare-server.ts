/**
 * The floor below every EventStoreDB client: a gRPC server that sends messages of the same bytes and does nothing else.
 * Arguments: where an EventStoreDB listens that holds the messages, and how many there are.
 */

import { Client, credentials, Server, ServerCredentials, type ServerWritableStream } from "@grpc/grpc-js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";

export const barePath = "/bench.Bare/Read";

const asIs = (bytes: Buffer): Buffer => bytes;

/** Reads the log as the official client asks for it, without looking into what comes. */
async function messagesOf(address: string, count: number): Promise<Buffer[]> {
  const options = new streams.ReadReq.Options();
  const all = new streams.ReadReq.Options.AllOptions();
  all.setStart(new shared.Empty());
  options.setAll(all);
  options.setCount(String(count));
  options.setNoFilter(new shared.Empty());
  const uuid = new streams.ReadReq.Options.UUIDOption();
  uuid.setString(new shared.Empty());
  options.setUuidOption(uuid);
  const request = new streams.ReadReq();
  request.setOptions(options);
  const client = new Client(address, credentials.createInsecure());
  const messages: Buffer[] = [];
  const path = "/event_store.client.streams.Streams/Read";
  const answer = client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request.serializeBinary()));
  for await (const message of answer) messages.push(message as Buffer);
  client.close();
  return messages;
}

if (process.argv[1] === import.meta.filename) {
  const [address, count] = process.argv.slice(2) as [string, string];
  const messages = await messagesOf(address, Number(count));
  const server = new Server();
  const read = {
    path: barePath,
    requestStream: false,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
  server.addService(
    { read },
    {
      read: (call: ServerWritableStream<Buffer, Buffer>) => {
        let next = 0;
        const send = () => {
          while (next < messages.length) if (!call.write(messages[next++]!)) return void call.once("drain", send);
          call.end();
        };
        send();
      },
    },
  );
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    process.stdout.write(`${JSON.stringify({ port, messages: messages.length })}\n`);
  });
}
