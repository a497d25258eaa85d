/** The gRPC service Projections: the system projections can be looked at and switched; there are no others. */

import projectionsGrpc from "@eventstore/db-client/generated/projections_grpc_pb.js";
import messages from "@eventstore/db-client/generated/projections_pb.js";
import type {
  DisableReq,
  EnableReq,
  ResetReq,
  ResultReq,
  StateReq,
  StatisticsReq,
  StatisticsResp,
} from "@eventstore/db-client/generated/projections_pb.js";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import { status, type ServerWritableStream } from "@grpc/grpc-js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { UnknownProjection, type ProjectionStatistics, type SystemProjections } from "../system-projections.js";
import { streaming, unary, type Service } from "./service.js";
import { invalidArgument, RpcError } from "./status.js";

/** To be served beside the streams of the log whose projections they are. */
export function projectionsService(projections: SystemProjections): Service {
  const refuse = unary(() => {
    throw new RpcError(
      status.UNIMPLEMENTED,
      "This development server runs the system projections only, no JavaScript of its users. Use a real EventStoreDB.",
    );
  });
  const handlers = {
    create: refuse,
    update: refuse,
    delete: refuse,
    statistics: streaming(async (call: ServerWritableStream<StatisticsReq, StatisticsResp>) => {
      for (const name of namesOf(call.request, projections))
        call.write(statisticsResponse(await known(() => projections.statistics(name))));
    }),
    enable: unary(async (request: EnableReq) => {
      const { name } = optionsOf(request);
      await known(() => projections.enable(name));
      return new messages.EnableResp();
    }),
    disable: unary(async (request: DisableReq) => {
      const { name, options } = optionsOf(request);
      await known(() => projections.disable(name, { abort: !options.getWriteCheckpoint() }));
      return new messages.DisableResp();
    }),
    reset: unary(async (request: ResetReq) => {
      const { name } = optionsOf(request);
      await known(() => projections.reset(name));
      return new messages.ResetResp();
    }),
    state: unary(async (request: StateReq) => {
      const { name } = optionsOf(request);
      await known(() => projections.statistics(name));
      return new messages.StateResp().setState(nothing());
    }),
    result: unary(async (request: ResultReq) => {
      const { name } = optionsOf(request);
      await known(() => projections.statistics(name));
      return new messages.ResultResp().setResult(nothing());
    }),
    restartSubsystem: unary(async () => {
      await projections.restart();
      return new shared.Empty();
    }),
  };
  return { definition: projectionsGrpc.ProjectionsService, handlers };
}

/** @throws RpcError when the request has none */
function optionsOf<O extends { getName(): string }>(request: { getOptions(): O | undefined }) {
  const options = request.getOptions();
  if (!options) throw invalidArgument("The options, with the name of a projection, are required.");
  return { options, name: options.getName() };
}

function namesOf(request: StatisticsReq, { names }: SystemProjections): readonly string[] {
  const { options, name } = optionsOf(request);
  if (name !== "") return [name];
  // Every system projection is a continuous one.
  return options.hasTransient() || options.hasOneTime() ? [] : names;
}

/** @throws RpcError from which clients make an error of their own, when there is no such projection */
async function known<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof UnknownProjection ? new RpcError(status.NOT_FOUND, error.message) : error;
  }
}

function statisticsResponse(statistics: ProjectionStatistics): StatisticsResp {
  const details = new messages.StatisticsResp.Details()
    .setName(statistics.name)
    .setEffectivename(statistics.name)
    .setMode("Continuous")
    .setStatus(statistics.status)
    .setStatereason(statistics.stateReason)
    .setVersion(String(statistics.version))
    .setEpoch(String(statistics.epoch))
    .setPosition(positionText(statistics.position))
    .setProgress(statistics.percent)
    .setLastcheckpoint(positionText(statistics.checkpoint))
    .setEventsprocessedafterrestart(String(statistics.processed))
    .setCoreprocessingtime(String(Math.round(statistics.processingMs)))
    .setWritesinprogress(statistics.isWriting ? 1 : 0)
    // Links and checkpoints are written at once: nothing waits, and nothing is kept.
    .setReadsinprogress(0)
    .setBufferedevents("0")
    .setWritependingeventsbeforecheckpoint(0)
    .setWritependingeventsaftercheckpoint(0)
    .setCheckpointstatus("")
    .setPartitionscached(1);
  return new messages.StatisticsResp().setDetails(details);
}

const positionText = (position: number): string => (position === 0 ? "C:0/P:-1" : `C:${position}/P:${position}`);

/** System projections have no state, which the real server shows as an empty object. */
const nothing = () => new struct.Value().setStructValue(new struct.Struct());
