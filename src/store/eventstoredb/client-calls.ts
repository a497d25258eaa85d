/**
 * Our own calls over the official client's connection. The client keeps what it does well: discovery, TLS, credentials,
 * and finding another node after a failure. Its reads and appends are left out because they lose what we need: bytes
 * and content types, filters of a finite read, and, where one connection breaks, the appends of all others.
 */

import type { EventStoreDBClient } from "@eventstore/db-client";
import type { CallOptions, Client, Metadata, requestCallback } from "@grpc/grpc-js";
import { IncompatibleStore } from "../../errors.js";
import { checkStubs, projectionsService, serverFeatures, streamsService } from "./stubs.js";

/** What the client has inside; instance properties in 6.2.1, hidden from its users by types alone. */
interface Inside {
  /** A client of one service on the present connection, which it makes or finds when there is none. */
  getGRPCClient<C extends Client>(service: ServiceClient<C>, name: string): Promise<C>;
  callArguments(
    options: { readonly requiresLeader?: boolean; readonly deadline?: number },
    callOptions?: CallOptions,
  ): [Metadata, CallOptions];
  /** Drops the connection after an error that another one might not meet. */
  handleError(client: Client, error: Error): Promise<void>;
}

type ServiceClient<C extends Client> = new (...connection: never[]) => C;

const members = ["getGRPCClient", "callArguments", "handleError"] as const satisfies (keyof Inside)[];

/** A service that can be called now, and the way to say that its connection is of no use. */
export interface Connection<C extends Client> {
  readonly service: C;
  readonly arguments: [Metadata, CallOptions];
  /** Has the next call made over another connection, if `error` is one that this may help against. */
  readonly failed: (error: Error) => void;
}

/** The answer to one question. @throws ServiceError */
export function answerOf<C extends Client, R>(
  { service, arguments: args, failed }: Connection<C>,
  ask: (service: C, args: [Metadata, CallOptions], answered: requestCallback<R>) => unknown,
): Promise<R> {
  return new Promise((resolve, reject) => {
    ask(service, args, (error, answer) => {
      if (!error) return resolve(answer!);
      failed(error);
      reject(error);
    });
  });
}

export interface CallSettings {
  /** For the whole call; none unless stated. */
  readonly deadlineMs?: number;
  readonly requiresLeader?: boolean;
}

export class ClientCalls {
  private readonly inside: Inside;
  private latest: Client | undefined;
  private isClosed = false;

  /** @throws IncompatibleStore when the client is another version than this was written for, or its messages were replaced. */
  constructor(
    private readonly client: EventStoreDBClient,
    /** Whether `close` is to end the client too. */
    private readonly owned: boolean,
  ) {
    const missing = members.filter((member) => typeof (client as unknown as Partial<Inside>)[member] !== "function");
    if (missing.length > 0)
      throw new IncompatibleStore(
        `EventStoreDB: the client has no ${missing.join(", ")}, which version 6.2.1 of @eventstore/db-client has. Install exactly that version.`,
      );
    this.inside = client as unknown as Inside;
    checkStubs();
  }

  streams(settings: CallSettings = {}) {
    return this.connect(streamsService.StreamsClient, "streams", settings);
  }

  serverFeatures(settings: CallSettings = {}) {
    return this.connect(serverFeatures.ServerFeaturesClient, "server features", settings);
  }

  projections(settings: CallSettings = {}) {
    return this.connect(projectionsService.ProjectionsClient, "projections", settings);
  }

  /** Releases the connection, so that it keeps no process alive. A client of the caller's stays open. */
  async close(): Promise<void> {
    if (!this.owned) return;
    this.isClosed = true;
    await this.client.dispose();
    this.latest?.close();
  }

  private async connect<C extends Client>(
    service: ServiceClient<C>,
    name: string,
    { deadlineMs, requiresLeader = false }: CallSettings,
  ): Promise<Connection<C>> {
    const connected = await this.inside.getGRPCClient(service, name);
    this.latest = connected;
    if (this.isClosed) connected.close(); // what is asked over it fails
    const [metadata, options] = this.inside.callArguments(
      { requiresLeader, ...(deadlineMs !== undefined && { deadline: deadlineMs }) },
      deadlineMs === undefined ? { deadline: Infinity } : undefined,
    );
    return {
      service: connected,
      arguments: [metadata, options],
      failed: (error) => {
        // It throws where an error lacks the details that the client looks for; such an error says nothing of the connection.
        this.inside.handleError(connected, error).catch(() => {});
      },
    };
  }
}
