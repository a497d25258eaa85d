/** Loaded by mocha before any test. */

import "reflect-metadata";
