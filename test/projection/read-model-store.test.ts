/** Every read-model store keeps one contract. */

import { readModelStoreContract } from "../../src/testing/read-model-store-contract.js";
import { sqliteStorage } from "./storages.js";

readModelStoreContract("SQLite", sqliteStorage);
