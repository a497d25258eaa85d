/** Loaded by mocha before any test. */

import "reflect-metadata";
import { end } from "./at-end.js";

export const mochaHooks = { afterAll: end };
