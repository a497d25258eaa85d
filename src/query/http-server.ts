/** The HTTP server: the API on a port, with bounds on what a slow or silent client may hold. */

import { createServer, IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import { InvalidConfiguration } from "../errors.js";
import { createApi, warn, type ApiOptions } from "./api.js";
import type { QueryContext } from "./query-context.js";

export interface HttpServerOptions extends ApiOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** How long a client may take to send the headers, in milliseconds; 10 seconds unless stated. */
  readonly headersWithinMs?: number;
  /** How long a client may take to send the whole request, in milliseconds; 30 seconds unless stated. */
  readonly requestWithinMs?: number;
}

export interface HttpServer {
  /** Resolves once connections are accepted. @throws InvalidConfiguration when it cannot listen there. */
  listen(): Promise<{ readonly url: string }>;
  /** Lets requests under way finish for a moment, then ends every connection; resolves within a second. */
  close(): Promise<void>;
}

const keepAliveMs = 5_000;
const graceMs = 700;

export function createHttpServer(context: QueryContext, options: HttpServerOptions): HttpServer {
  const { host, port, headersWithinMs = 10_000, requestWithinMs = 30_000, ...apiOptions } = options;
  const api = createApi(context, apiOptions);
  const server = createServer(
    {
      ...classesOf(api),
      headersTimeout: Math.min(headersWithinMs, requestWithinMs),
      requestTimeout: requestWithinMs,
      keepAliveTimeout: keepAliveMs,
      // How often the two are looked at: half a minute unless stated, longer than both.
      connectionsCheckingInterval: Math.ceil(Math.min(headersWithinMs, 2_000) / 2),
    },
    api,
  );

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        const refused = ({ message }: Error) =>
          reject(
            new InvalidConfiguration([
              `The HTTP server cannot listen on ${host}, port ${port}: ${message}. Choose another host or port, or stop whoever uses it.`,
            ]),
          );
        server.once("error", refused);
        server.listen({ host, port }, () => {
          server.off("error", refused);
          server.on("error", (error) =>
            (apiOptions.onError ?? warn)(error, { method: "LISTEN", path: `${host}:${port}` }),
          );
          resolve({ url: urlOf(server.address() as AddressInfo) });
        });
      }),

    close: () =>
      new Promise((resolve) => {
        // It calls back with an error when it does not listen: then there is nothing to end.
        server.close(() => {
          clearInterval(idle);
          clearTimeout(end);
          resolve();
        });
        const idle = setInterval(() => server.closeIdleConnections(), 20);
        const end = setTimeout(() => server.closeAllConnections(), graceMs);
      }),
  };
}

/**
 * Request and response classes that are the application's from the start. Express gives each request another prototype,
 * which makes the engine forget what it has learned of its shape: setting the one that it has costs nothing, and more
 * than twice as many requests are answered.
 */
function classesOf(api: Express) {
  class ApiRequest extends IncomingMessage {}
  class ApiResponse extends ServerResponse {}
  Object.setPrototypeOf(ApiRequest.prototype, api.request);
  Object.setPrototypeOf(ApiResponse.prototype, api.response);
  Object.assign(api, { request: ApiRequest.prototype, response: ApiResponse.prototype });
  return { IncomingMessage: ApiRequest, ServerResponse: ApiResponse };
}

/** A URL to reach it by: "any address" is none. */
function urlOf({ address, family, port }: AddressInfo): string {
  if (address === "0.0.0.0" || address === "::") return `http://localhost:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
