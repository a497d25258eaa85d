/** The development server: the gRPC services of EventStoreDB, as far as it has them, over a log. */

import { setTimeout as sleep } from "node:timers/promises";
import monitoring from "@eventstore/db-client/generated/monitoring_grpc_pb.js";
import operations from "@eventstore/db-client/generated/operations_grpc_pb.js";
import persistent from "@eventstore/db-client/generated/persistent_grpc_pb.js";
import projections from "@eventstore/db-client/generated/projections_grpc_pb.js";
import users from "@eventstore/db-client/generated/users_grpc_pb.js";
import { Server, ServerCredentials, type ServerInterceptor, type ServiceDefinition } from "@grpc/grpc-js";
import { InvalidConfiguration } from "../../src/errors.js";
import { CountedWrites } from "./counted-writes.js";
import { LiveFeed } from "./live-feed.js";
import type { RecordLog } from "./record-log.js";
import { dropGivenUp } from "./services/given-up.js";
import { gossipService } from "./services/gossip.js";
import { decodingAnything, refuseMalformed } from "./services/malformed.js";
import { serverFeaturesService } from "./services/server-features.js";
import { notOffered, type Service } from "./services/service.js";
import { streamsService } from "./services/streams.js";

export interface EventStoreServerOptions {
  /** Stays open when the server stops. */
  readonly log: RecordLog;
  /** 127.0.0.1 unless stated. */
  readonly host?: string;
  /** 0, which takes a free one, unless stated. */
  readonly port?: number;
  /** PEM. Without it, connections are not encrypted. */
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** What clients have to trust, for the connection string. */
    readonly caFile?: string;
  };
  /** In the place of those that answer UNIMPLEMENTED. */
  readonly services?: readonly Service[];
  /** Most bytes of data in one append; 1 MiB unless stated. */
  readonly maxAppendBytes?: number;
  /** How long a write may take, whatever its client allows, in milliseconds; 2 seconds unless stated. */
  readonly writeTimeoutMs?: number;
  /** Stand between clients and services; a test injects faults here. */
  readonly interceptors?: readonly ServerInterceptor[];
}

export interface EventStoreServer {
  readonly port: number;
  /** For clients on this machine. */
  readonly connectionString: string;
  /** Takes no more calls, lets writes under way finish, ends every call; resolves within about a second. */
  stop(): Promise<void>;
  /** Ends every call at once. */
  kill(): Promise<void>;
}

/** Clients put several events into one message, 3 MiB and one event at least; what they take themselves is 17 MiB. */
const mostBytesPerMessage = 32 * 1024 * 1024;
const graceMs = 900;

/** @throws InvalidConfiguration when it cannot listen there. */
export async function startEventStoreServer(options: EventStoreServerOptions): Promise<EventStoreServer> {
  const { log, host = "127.0.0.1", maxAppendBytes = 1_048_576, writeTimeoutMs = 2_000, interceptors = [] } = options;
  const server = new Server({
    "grpc.max_receive_message_length": mostBytesPerMessage,
    "grpc.max_send_message_length": -1,
    interceptors: [dropGivenUp, refuseMalformed, ...interceptors],
  });
  const writes = new CountedWrites(log);
  const feed = new LiveFeed(log);
  let port = options.port ?? 0;
  const services = [
    streamsService({ log, writes, feed, maxAppendBytes, writeTimeoutMs }),
    gossipService(host, () => port),
    ...(options.services ?? []),
  ];
  const offered = new Set(services.map(({ definition }) => nameOf(definition)));
  for (const service of missing) if (!offered.has(nameOf(service.definition))) services.push(service);
  services.push(serverFeaturesService(services.map(({ definition }) => definition)));
  for (const { definition, handlers } of services) server.addService(decodingAnything(definition), { ...handlers });

  port = await listen(server, host, port, options.tls);
  const stopped = () => new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  let stopping: Promise<void> | undefined;
  return {
    port,
    connectionString: connectionString(host, port, options.tls),
    kill: () => {
      stopping ??= stopped();
      server.forceShutdown();
      return stopping;
    },
    stop: () =>
      (stopping ??= (async () => {
        const done = stopped();
        // Answers to writes still have to reach their clients; reads and subscriptions may go on for ever.
        await Promise.race([done, sleep(graceMs), writes.idle().then(() => sleep(50))]);
        server.forceShutdown();
        await done;
      })()),
  };
}

const nameOf = (definition: ServiceDefinition) => Object.values(definition)[0]!.path.split("/")[1];

const instead = "This development server has none: use a real EventStoreDB for that.";

const missing = [
  notOffered(persistent.PersistentSubscriptionsService, `Persistent subscriptions: ${instead}`),
  notOffered(projections.ProjectionsService, `Projections: ${instead}`),
  notOffered(users.UsersService, `Users: ${instead}`),
  notOffered(operations.OperationsService, `Operations such as scavenges: ${instead}`),
  notOffered(monitoring.MonitoringService, `Monitoring: ${instead}`),
];

function listen(server: Server, host: string, port: number, tls: EventStoreServerOptions["tls"]): Promise<number> {
  const credentials = tls
    ? ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }])
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(`${inUrl(host)}:${port}`, credentials, (error, bound) => {
      if (!error) return resolve(bound);
      server.forceShutdown();
      // Within its own words, grpc-js says what the system said.
      const reason = /\[(.*)\]$/.exec(error.message)?.[1] ?? error.message;
      reject(cannotListen(host, port, reason));
    });
  });
}

export const cannotListen = (host: string, port: number, reason: string): InvalidConfiguration =>
  new InvalidConfiguration([
    `The server cannot listen on ${host}, port ${port}: ${reason}. Choose another host or port, or stop whoever uses it.`,
  ]);

const inUrl = (host: string) => (host.includes(":") ? `[${host}]` : host);

function connectionString(host: string, port: number, tls: EventStoreServerOptions["tls"]): string {
  // Connection strings take no IPv6 addresses, and certificates prefer names.
  const isLocal = host.includes(":") || host === "0.0.0.0" || (tls && host === "127.0.0.1");
  const address = `esdb://${isLocal ? "localhost" : host}:${port}`;
  if (!tls) return `${address}?tls=false`;
  const caFile = tls.caFile && encodeURIComponent(tls.caFile).replaceAll("%2F", "/");
  return `${address}?tls=true${caFile ? `&tlsCAFile=${caFile}` : ""}`;
}
