/** The ServerFeatures service: what clients may call, so that they neither fall back to HTTP nor to single appends. */

import features from "@eventstore/db-client/generated/serverfeatures_grpc_pb.js";
import featureMessages from "@eventstore/db-client/generated/serverfeatures_pb.js";
import type { Empty } from "@eventstore/db-client/generated/shared_pb.js";
import type { SupportedMethods } from "@eventstore/db-client/generated/serverfeatures_pb.js";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { unary, type Service } from "./service.js";

/** The line of EventStoreDB whose behaviour it has. */
const version = "24.6.0-rollcall-development-server";

const ofPersistentSubscriptions = "/event_store.client.persistent_subscriptions.";

/**
 * Clients look at these before they call. Persistent subscriptions are among them, so that a client asks by gRPC, and is
 * told that this server has none; it would try HTTP otherwise.
 */
function featuresOf(path: string): string[] {
  if (path.startsWith(ofPersistentSubscriptions)) return ["stream", "all"];
  return path.endsWith(".projections.Projections/Create") ? ["track_emitted_streams"] : [];
}

export function serverFeaturesService(definitions: readonly ServiceDefinition[]): Service {
  const supported = new featureMessages.SupportedMethods().setEventStoreServerVersion(version);
  for (const { path } of [...definitions, features.ServerFeaturesService].flatMap((each) => Object.values(each))) {
    const [, serviceName, methodName] = path.toLowerCase().split("/");
    const method = new featureMessages.SupportedMethod().setServiceName(serviceName!).setMethodName(methodName!);
    supported.addMethods(method.setFeaturesList(featuresOf(path)));
  }
  return {
    definition: features.ServerFeaturesService,
    handlers: { getSupportedMethods: unary((_request: Empty): SupportedMethods => supported) },
  };
}
