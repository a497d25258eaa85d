/** Loaded by mocha before any test. */

import "reflect-metadata";
import { end } from "./at-end.js";
import { endPostgres, offerPostgres } from "./projection/postgres/shared-server.js";

export const mochaHooks = { afterAll: end };
export const mochaGlobalSetup = offerPostgres;
export const mochaGlobalTeardown = endPostgres;
