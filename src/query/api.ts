/**
 * The HTTP API as an Express application. All of it but /metrics speaks JSON; positions and revisions are strings, because they
 * may be greater than a JSON number can tell.
 *
 * | method and path                          | answers                                                             |
 * |-|-|
 * | GET /                                    | name and links                                                      |
 * | GET /live                                | 200 for as long as the process answers                              |
 * | GET /ready                               | 200, or 503 with the reasons                                        |
 * | GET /status                              | state, position and lag of every subscription                       |
 * | GET /metrics                             | counts of flags, in the text format of Prometheus                   |
 * | GET /read-models                         | names, versions, and the fields to filter on                        |
 * | GET /read-models/:name                   | rows: `?<field>=<value>&limit=&cursor=` (see filter-readings.ts)    |
 * | GET /read-models/:name/:key              | one row                                                             |
 * | GET /observers                           | names and versions                                                  |
 * | GET /observers/:name                     | what it expects, in words and as terms; its versions on record      |
 * | GET /observers/:name/cases               | cases: `?status=&limit=&cursor=`                                    |
 * | GET /observers/:name/cases/:key          | one case, by its key or an alias: its slots and why, and its flags  |
 * | POST /observers/:name/cases/:key/acknowledgement | `{ slot?, by, note? }` stops its escalation: 201, 200 when it had been said |
 * | GET /observers/:name/statistics          | how its slots fare, day by day: `?slot=&limit=&cursor=`             |
 * | GET /reactors                            | names, and how many events each has parked                          |
 * | GET /reactors/:name/parked               | events it could not handle, in the log's order: `?limit=&after=`    |
 * | GET /notifications                       | names, and how many flags each has parked                           |
 * | GET /notifications/:name/parked          | flags it could not deliver, likewise                                |
 * | POST /reactors/:name/parked/:position/retry | `{ by? }` delivers it again, with what waits behind it; notifications likewise |
 * | GET /correlations/:id                    | events of all domains in the order of the log: `?limit=&after=`     |
 * | POST /commands/:type                     | 201 when events were appended, 200 when none were or they were there |
 *
 * A list is `{ items, nextCursor? }`; its next page is named by a `Link` header too. `limit` is 50 unless stated, 1000
 * at most; `nextCursor` is the next `cursor`, or the next `after` where positions are counted.
 *
 * A case's key is its correlation id, unless the observer declares another.
 *
 * A command's body is its fields, `aggregateId` included. `Idempotency-Key` is its id: sent again with the same one it
 * is answered from its events (`duplicate: true`). `X-Correlation-Id` and `traceparent` go into its events' metadata.
 *
 * What fails is answered with a problem (RFC 9457): match on `type` or `code`, never on the text.
 */

import express, { type ErrorRequestHandler, type Express, type Request } from "express";
import helmet from "helmet";
import { acknowledge } from "./acknowledgement.js";
import { listCases, showCase } from "./cases.js";
import { readBody, sendCommand } from "./commands.js";
import { showLive, showMetrics, showReady, showStatus } from "./health.js";
import { listObservers, showObserver, showStatistics } from "./observers.js";
import { listParked, listParking } from "./parked.js";
import { retryParked } from "./parked-retry.js";
import { problemOf, RequestProblem } from "./problem.js";
import type { QueryContext } from "./query-context.js";
import { findReadModelRow, listReadModelRows, listReadModels } from "./read-models.js";
import { replying, sendProblem, type Reply } from "./reply.js";
import { showTimeline } from "./timeline.js";

export interface ApiOptions {
  /** Told of every failure of the server's own: what was answered with 500 or more. A warning of the process unless stated. */
  readonly onError?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
  /** How long an answer may take before it is given up with 503, in milliseconds; 20 seconds unless stated. */
  readonly answerWithinMs?: number;
}

type Show = (request: Request, context: QueryContext) => Reply | Promise<Reply>;

const reads: readonly (readonly [path: string, show: Show])[] = [
  ["/", showIndex],
  ["/live", showLive],
  ["/ready", showReady],
  ["/status", showStatus],
  ["/metrics", showMetrics],
  ["/read-models", listReadModels],
  ["/read-models/:name", listReadModelRows],
  ["/read-models/:name/:key", findReadModelRow],
  ["/observers", listObservers],
  ["/observers/:name", showObserver],
  ["/observers/:name/cases", listCases],
  ["/observers/:name/cases/:key", showCase],
  ["/observers/:name/statistics", showStatistics],
  ["/reactors", listParking("reactors")],
  ["/reactors/:name/parked", listParked("reactors")],
  ["/notifications", listParking("notifications")],
  ["/notifications/:name/parked", listParked("notifications")],
  ["/correlations/:id", showTimeline],
];

const writes: readonly (readonly [path: string, write: Show])[] = [
  ["/observers/:name/cases/:key/acknowledgement", acknowledge],
  ["/reactors/:name/parked/:position/retry", retryParked("reactors")],
  ["/notifications/:name/parked/:position/retry", retryParked("notifications")],
  ["/commands/:type", sendCommand],
];

/** The API, to be served alone or mounted in another application. It keeps no state of its own. */
export function createApi(context: QueryContext, options: ApiOptions = {}): Express {
  const { onError = warn, answerWithinMs = 20_000 } = options;
  const api = express();
  // Production whatever NODE_ENV says: otherwise Express shows stack traces where it answers by itself.
  api.set("env", "production").set("query parser", "simple").enable("case sensitive routing");
  api.disable("x-powered-by").disable("etag");
  // Without TLS, upgrade-insecure-requests breaks every page that is served beside the API.
  api.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));

  for (const [path, show] of reads)
    api
      .route(path)
      .get(replying((request) => show(request, context), answerWithinMs))
      .all(refuseMethod("GET, HEAD, OPTIONS"));
  for (const [path, write] of writes)
    api
      .route(path)
      .post(
        ...readBody,
        replying((request) => write(request, context), answerWithinMs),
      )
      .all(refuseMethod("POST, OPTIONS"));
  api.use((request) => {
    throw new RequestProblem(
      "UNKNOWN_ROUTE",
      `There is nothing at ${request.path}. GET ${request.baseUrl || "/"} lists what there is.`,
    );
  });
  api.use(answerErrors(onError));
  return api;
}

function showIndex({ baseUrl }: Request): Reply {
  const links = reads.map(([path]) => path).filter((path) => path !== "/");
  return {
    body: {
      name: "rollcall",
      links: [...links.map((path) => `GET ${baseUrl}${path}`), ...writes.map(([path]) => `POST ${baseUrl}${path}`)],
    },
  };
}

function refuseMethod(allow: string): express.RequestHandler {
  return ({ method, path }, response) => {
    if (method === "OPTIONS") {
      response.writeHead(204, { Allow: allow }).end();
      return;
    }
    throw new RequestProblem("METHOD_NOT_ALLOWED", `${path} does not take ${method}. Use one of: ${allow}.`, {
      Allow: allow,
    });
  };
}

function answerErrors(onError: NonNullable<ApiOptions["onError"]>): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (error: unknown, request, response, next) => {
    const { method, path } = request;
    const { status, code } = problemOf(error);
    // A read model that was not built yet is no failure, and is asked for again and again meanwhile.
    if (status >= 500 && code !== "READ_MODEL_NOT_BUILT")
      try {
        onError(error, { method, path });
      } catch (failure) {
        // Whoever is told must not keep the client from its answer, nor the error from being seen.
        for (const each of [error, failure]) warn(each, { method, path });
      }
    if (response.headersSent) next(error);
    else sendProblem(request, response, error);
  };
}

/** In sight without a logger, on one line. */
export const warn: NonNullable<ApiOptions["onError"]> = (error, { method, path }) =>
  process.emitWarning(`${method} ${path}: ${String(error).replaceAll(/\s+/g, " ")}`, "HttpApiWarning");
