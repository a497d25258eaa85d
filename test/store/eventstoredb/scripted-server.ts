/** A server that speaks the protocol of EventStoreDB and does what a test tells it to, call by call. */

import type { AddressInfo } from "node:net";
import gossip from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import gossipMessages, { type ClusterInfo } from "@eventstore/db-client/generated/gossip_pb.js";
import streamsService from "@eventstore/db-client/generated/streams_grpc_pb.js";
import projections from "@eventstore/db-client/generated/projections_grpc_pb.js";
import type { StatisticsReq, StatisticsResp } from "@eventstore/db-client/generated/projections_pb.js";
import features from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import featuresMessages, { type SupportedMethods } from "@eventstore/db-client/generated/serverfeatures_pb.js";
import shared, { type Empty } from "@eventstore/db-client/generated/shared_pb.js";
import type {
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  ReadReq,
  ReadResp,
  TombstoneReq,
} from "@eventstore/db-client/generated/streams_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import {
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import type { Certificate } from "../../../tools/eventstore/certificate.js";

export type ReadingCall = ServerWritableStream<ReadReq, ReadResp>;
export type BatchCall = ServerDuplexStream<BatchAppendReq, BatchAppendResp>;

/** What the server does with the calls of a test; `nth` counts the calls of the kind from 1. */
export interface Script {
  read?(call: ReadingCall, nth: number): void;
  /** Called when a stream of appends begins. */
  batch?(call: BatchCall, nth: number): void;
  /** Called with each message of such a stream. */
  batchMessage?(message: BatchAppendReq, call: BatchCall, nth: number): void;
  delete?(request: DeleteReq | TombstoneReq): Error | undefined;
  /** Without it, the server has no projections. */
  statistics?(call: ServerWritableStream<StatisticsReq, StatisticsResp>): void;
  /** Methods that the server says it has; BatchAppend unless stated. `undefined` leaves the question unanswered. */
  features?(): readonly string[] | Error | undefined;
}

/** An error of a call, with trailers. */
export function failing(code: status, details: string, trailers: Readonly<Record<string, string>> = {}): Error {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export class ScriptedServer {
  /** What was asked, in order. */
  readonly reads: ReadReq[] = [];
  readonly batches: BatchCall[] = [];
  readonly messages: BatchAppendReq[] = [];
  readonly metadata: Metadata[] = [];
  port = 0;

  private constructor(
    private readonly server: Server,
    private readonly certificate: Certificate | undefined,
  ) {}

  static async start(script: Script, certificate?: Certificate): Promise<ScriptedServer> {
    const server = new Server({ "grpc.max_receive_message_length": 17 * 1024 * 1024 });
    const scripted = new ScriptedServer(server, certificate);
    server.addService(streamsService.StreamsService, scripted.handlers(script));
    server.addService(gossip.GossipService, {
      read: (_: ServerUnaryCall<Empty, ClusterInfo>, answer: sendUnaryData<ClusterInfo>) =>
        answer(null, clusterOf(scripted.port)),
    });
    server.addService(features.ServerFeaturesService, {
      getSupportedMethods: (
        call: ServerUnaryCall<Empty, SupportedMethods>,
        answer: sendUnaryData<SupportedMethods>,
      ) => {
        scripted.metadata.push(call.metadata);
        const methods = script.features ? script.features() : ["batchappend"];
        if (methods instanceof Error) return answer(methods);
        if (methods) answer(null, supported(methods));
      },
    });
    const { statistics } = script;
    if (statistics) server.addService(projections.ProjectionsService, { statistics });
    const credentials = certificate
      ? ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(certificate.cert), private_key: Buffer.from(certificate.key) },
        ])
      : ServerCredentials.createInsecure();
    scripted.port = await new Promise<AddressInfo["port"]>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port))),
    );
    return scripted;
  }

  get connectionString(): string {
    return this.certificate
      ? `esdb://localhost:${this.port}?tlsCAFile=${encodeURIComponent(this.certificate.caFile)}`
      : `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** Ends every call at once. */
  stop(): void {
    this.server.forceShutdown();
  }

  private handlers(script: Script): streamsService.IStreamsServer {
    const never = () => {};
    return {
      read: (call) => {
        this.reads.push(call.request);
        this.metadata.push(call.metadata);
        call.on("error", never);
        script.read?.(call, this.reads.length);
      },
      batchAppend: (call) => {
        this.batches.push(call);
        this.metadata.push(call.metadata);
        const nth = this.batches.length;
        call.on("error", never);
        call.on("data", (message: BatchAppendReq) => {
          this.messages.push(message);
          script.batchMessage?.(message, call, nth);
        });
        call.on("end", () => call.end());
        script.batch?.(call, nth);
      },
      delete: (call, answer) => {
        const error = script.delete?.(call.request);
        if (error) answer(error);
        else answer(null, new streams.DeleteResp());
      },
      tombstone: (call, answer) => {
        const error = script.delete?.(call.request);
        if (error) answer(error);
        else answer(null, new streams.TombstoneResp());
      },
      append: (_, answer) => answer(failing(status.UNIMPLEMENTED, "the store is to use BatchAppend")),
    };
  }
}

function supported(methods: readonly string[]) {
  const message = new featuresMessages.SupportedMethods().setEventStoreServerVersion("21.2.0");
  for (const method of methods)
    message.addMethods(
      new featuresMessages.SupportedMethod().setServiceName("event_store.client.streams.streams").setMethodName(method),
    );
  return message;
}

/** A server that leads a cluster of which it is the only one. */
function clusterOf(port: number): ClusterInfo {
  const member = new gossipMessages.MemberInfo()
    .setInstanceId(new shared.UUID().setString("7c2f2d0e-6f0f-4f59-8d7d-2a5a3c1b9a10"))
    .setTimeStamp("0")
    .setState(gossipMessages.MemberInfo.VNodeState.LEADER)
    .setIsAlive(true)
    .setHttpEndPoint(new gossipMessages.EndPoint().setAddress("127.0.0.1").setPort(port));
  return new gossipMessages.ClusterInfo().setMembersList([member]);
}
