/** A thread of a rebuild: loads the application, folds its part of history, and hands the rows over. */

import "reflect-metadata";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { InvalidConfiguration } from "../../errors.js";
import { foldPart, isDeclaredBy, PartFailed, ProjectionPart } from "../../projection/index.js";
import type { Checkpoint } from "../../subscription/index.js";
import { modelOf } from "../definition-model.js";
import { openReadModels } from "../open-read-models.js";
import { openStore } from "../open-store.js";
import type { ApplicationDefinition } from "../registration.js";
import { HandingOver } from "./handing-over.js";
import type { Assignment, FromThread, ToThread } from "./messages.js";
import { revivedConfiguration } from "./portable-configuration.js";
import { portable } from "./portable-error.js";

/** Progress is told this often at most. */
const tellingMs = 100;

async function folded(assignment: Assignment, port: MessagePort): Promise<Checkpoint> {
  const { generation, lease } = assignment;
  const readModel = await readModelOf(assignment);
  const configuration = revivedConfiguration(assignment.configuration);
  const handing = new HandingOver(port, () => openReadModels(configuration));
  let { through } = assignment;
  port.on("message", (message: ToThread) => {
    if (message.kind === "written") handing.acknowledge();
    else through = message.position;
  });
  const store = await openStore(configuration);
  try {
    let toldAt = 0;
    return await foldPart(readModel, {
      generation,
      lease,
      store,
      readModels: handing,
      through: () => through,
      // Who wants it to stop ends it.
      signal: new AbortController().signal,
      fail: () => {},
      onProgress: (events, position) => {
        const now = performance.now();
        if (now - toldAt < tellingMs) return;
        toldAt = now;
        port.postMessage({ kind: "progress", events, position } satisfies FromThread);
      },
    });
  } finally {
    await handing.close();
    await store.close();
  }
}

/** @throws InvalidConfiguration when the module does not declare the projection as the main thread knows it */
async function readModelOf({ application, generation, limits, part }: Assignment): Promise<ProjectionPart> {
  const { name } = generation;
  const loaded = (await import(application).catch((error: unknown) => {
    throw new InvalidConfiguration([`The application ${application} cannot be loaded: ${(error as Error).message}`]);
  })) as { readonly default?: ApplicationDefinition };
  const model = loaded.default && modelOf(loaded.default);
  const declared = model?.projections.find(({ role }) => role.name === name);
  const readModel = declared && new ProjectionPart(declared, model!.upcasters, limits, part);
  const found = readModel?.declaration;
  if (found && isDeclaredBy(generation, found)) return readModel!;
  throw new InvalidConfiguration([
    `The default export of ${application} ${found ? `declares ${name} otherwise` : `has no projection ${name}`}. Name the module of the application that is to be rebuilt, whose default export is application({ … }).`,
  ]);
}

const port = parentPort!;
try {
  const checkpoint = await folded(workerData as Assignment, port);
  port.postMessage({ kind: "finished", checkpoint } satisfies FromThread);
} catch (error) {
  const { cause, position } = error instanceof PartFailed ? error : { cause: error, position: undefined };
  port.postMessage({ kind: "failed", error: portable(cause), position } satisfies FromThread);
} finally {
  port.close();
}
