/** The Gossip service: a cluster of one, which is its own leader and lives where the caller has found it. */

import { randomUUID } from "node:crypto";
import gossipMessages from "@eventstore/db-client/generated/gossip_pb.js";
import type { ClusterInfo } from "@eventstore/db-client/generated/gossip_pb.js";
import gossip from "@eventstore/db-client/generated/gossip_grpc_pb.js";
import type { Empty } from "@eventstore/db-client/generated/shared_pb.js";
import { uuidMessage } from "./identifiers.js";
import { unary, type Service } from "./service.js";

/** `port` is taken when the caller does not say by which address it came. */
export function gossipService(host: string, port: () => number): Service {
  const instanceId = uuidMessage(randomUUID(), "structured");
  return {
    definition: gossip.GossipService,
    handlers: {
      read: unary((_request: Empty, call): ClusterInfo => {
        const caller = URL.canParse(`http://${call.getHost()}`) ? new URL(`http://${call.getHost()}`) : undefined;
        const endPoint = new gossipMessages.EndPoint()
          .setAddress(caller?.hostname || host)
          // A URL leaves out port 80.
          .setPort(caller ? Number(caller.port || 80) : port());
        const member = new gossipMessages.MemberInfo()
          .setInstanceId(instanceId)
          .setTimeStamp(`${Date.now()}0000`)
          .setState(gossipMessages.MemberInfo.VNodeState.LEADER)
          .setIsAlive(true)
          .setHttpEndPoint(endPoint);
        return new gossipMessages.ClusterInfo().setMembersList([member]);
      }),
    },
  };
}
