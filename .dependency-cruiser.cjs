/** Who may import whom: the table of the architecture as rules. Singular folders are machinery, plural ones are what users add. */

/** What each folder of src may import besides itself and what is open to all; and whatever those may import. */
const mayImport = {
  message: [],
  model: ["message"],
  store: ["message", "model"],
  subscription: ["store"],
  aggregate: ["store", "model"],
  projection: ["subscription", "model"],
  observer: ["projection", "subscription", "store"],
  reactor: ["subscription", "aggregate"],
  notification: ["observer", "subscription"],
  query: ["projection", "observer", "notification", "aggregate"],
};

/** Folders that may import all of src. */
const compositionRoots = ["application", "testing"];

/** Where a library may be used. Elsewhere it hides behind a port, or is not needed. */
const libraries = {
  "better-sqlite3": [
    "src/store/sqlite/",
    "src/store/eventstoredb/",
    "src/projection/sqlite/",
    "src/aggregate/sqlite/",
    "tools/import",
    "tools/bench",
    "tools/eventstore",
  ],
  pg: ["src/projection/postgres/"],
  "pg-copy-streams": ["src/projection/postgres/"],
  "@eventstore/db-client": ["src/store/eventstoredb/", "tools/eventstore", "tools/bench"],
  "@grpc/grpc-js": ["src/store/eventstoredb/", "tools/eventstore", "tools/bench"],
  "google-protobuf": ["src/store/eventstoredb/", "tools/eventstore"],
  selfsigned: ["tools/eventstore"],
  express: ["src/query/"],
  helmet: ["src/query/"],
  "prom-client": ["src/notification/"],
  inversify: ["src/application/", "domains/", "tools/"],
  "class-validator": ["src/message/", "domains/"],
};

const closure = (folder, found = new Set()) => {
  for (const other of mayImport[folder]) {
    if (!found.has(other)) closure(other, found.add(other));
  }
  return found;
};

const anyOf = (parts) => `(${parts.join("|")})`;
const everyFolder = [...Object.keys(mayImport), ...compositionRoots];
/** Open to all. */
const shared = "^src/(errors|clock|secret)[.]ts$";
const product = "^(src|domains|projections|tools)/";

const forbid = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

module.exports = {
  forbidden: [
    forbid("no-cycle", "A cycle between decorated classes fails at load time.", {}, { circular: true }),
    forbid("resolvable", "An import that leads nowhere escapes every other rule.", {}, { couldNotResolve: true }),

    ...Object.keys(mayImport).map((folder) =>
      forbid(
        `src-${folder}`,
        `src/${folder} may import ${[...closure(folder)].join(", ") || "no other folder"}; src/errors.ts, src/clock.ts and src/secret.ts are open to all.`,
        { path: `^src/${folder}/` },
        { path: "^src/", pathNot: [`^src/${anyOf([folder, ...closure(folder)])}/`, shared] },
      ),
    ),
    forbid(
      "src-folder-in-table",
      "A new folder of src needs a row in the table above.",
      { path: "^src/[^/]+/", pathNot: `^src/${anyOf(everyFolder)}/` },
      {},
    ),
    forbid(
      "src-shared",
      "Errors, the clock and secrets are open to all, so they import nothing.",
      { path: shared },
      { path: "^src/" },
    ),
    forbid(
      "src-front-door",
      "src/index.ts is for users; machinery imports the folder that it needs.",
      { path: "^src/" },
      { path: "^src/index[.]ts$" },
    ),
    forbid(
      "src-not-outside",
      "Machinery knows nothing of what is built with it.",
      { path: "^src/" },
      { path: "^(domains|projections|tools)/" },
    ),
    forbid(
      "testing-for-tests",
      "The test language is no part of the product.",
      { path: product, pathNot: "^src/testing/" },
      { path: "^src/testing/" },
    ),
    forbid("not-to-test", "Only tests import tests.", { path: product }, { path: "^test/" }),

    forbid(
      "domain-alone",
      "Domains never import each other; declare a contract class with the fields that you read.",
      { path: "^domains/([^/]+)/" },
      { path: "^domains/", pathNot: "^domains/$1/" },
    ),
    forbid(
      "domain-front-door",
      "A domain imports src/index.ts and its own folder.",
      { path: "^domains/" },
      { path: "^(src|projections|tools)/", pathNot: "^src/index[.]ts$" },
    ),
    forbid(
      "projection-front-door",
      "A projection imports src/index.ts, its own folder and the index.ts of domains.",
      { path: "^projections/" },
      { path: "^(src|domains|tools)/", pathNot: ["^src/index[.]ts$", "^domains/[^/]+/index[.]ts$"] },
    ),
    forbid(
      "tools-front-door",
      "A tool sees of a domain what its index.ts shows.",
      { path: "^tools/" },
      { path: "^domains/", pathNot: "^domains/[^/]+/index[.]ts$" },
    ),

    ...Object.entries(libraries).map(([library, places]) =>
      forbid(
        `library-${library.replace(/^@/, "").replaceAll("/", "-")}`,
        `${library} belongs to ${places.join(", ")}.`,
        { path: product, pathNot: `^${anyOf(places)}` },
        // DefinitelyTyped keeps @scope/name as @types/scope__name.
        { path: `node_modules/(@types/)?${anyOf([library, library.replace(/^@(.+)\//, "$1__")])}/` },
      ),
    ),
    forbid(
      "no-dev-dependency",
      "What the product imports must be among the dependencies of package.json.",
      { path: product, pathNot: "^src/testing/" },
      { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // A package of its own, whose libraries are installed when they are asked for.
    exclude: { path: "^tools/bench/peers/" },
    // Imports of types count: they are knowledge too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
    },
  },
};
