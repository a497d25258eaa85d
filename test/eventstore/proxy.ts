/** A TCP proxy on the loopback interface whose connections fail when a test says so. */

import { createServer, type AddressInfo, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ProxiedConnection, type Direction, type Faults } from "./proxied-connection.js";

export interface FaultProxyOptions {
  /** Where the server listens, on 127.0.0.1; nobody need listen there yet. */
  readonly targetPort: number;
}

/** Every control acts at once, and on all connections, unless it says otherwise. */
export interface FaultProxy {
  /** Where clients connect, on 127.0.0.1; stays the same until `close`. */
  readonly port: number;
  /** Connections that are open now. */
  readonly open: number;
  /** Connections that were ever taken. */
  readonly taken: number;
  /** Resets all connections, on both sides; what was on its way is lost. New ones are taken. */
  cut(): void;
  /** New connections are refused, as if nobody listened (ECONNREFUSED). Present ones go on. */
  refuse(): Promise<void>;
  /** Ends `refuse`. */
  accept(): Promise<void>;
  /** Connections stay open and new ones are taken, but nothing passes, not even an end: a cable pulled out. */
  stall(): void;
  /** Ends `stall`; everything held back passes, in order. */
  resume(): void;
  /** What arrives passes on so much later, in either direction; 0 ends it. */
  delay(ms: number): void;
  /** Most bytes a second for each connection and direction; `Infinity` ends it. */
  throttle(bytesPerSecond: number): void;
  /** Ends one direction of the present connections; the other goes on. */
  halfClose(direction: Direction): void;
  /** New connections go to this port; present ones stay where they are. */
  retarget(port: number): void;
  /** Resets all connections and listens no more. */
  close(): Promise<void>;
}

export async function startProxy({ targetPort }: FaultProxyOptions): Promise<FaultProxy> {
  const faults: Faults = { stalled: false, delayMs: 0, bytesPerSecond: Infinity };
  const connections = new Set<ProxiedConnection>();
  let target = targetPort;
  let taken = 0;
  let server: Server | undefined;

  const listen = async (port: number): Promise<number> => {
    const listening = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      taken++;
      const connection = new ProxiedConnection(
        client,
        () => target,
        faults,
        () => connections.delete(connection),
      );
      connections.add(connection);
    });
    await new Promise<void>((resolve, reject) => {
      listening.once("error", reject);
      listening.listen(port, "127.0.0.1", resolve);
    });
    server = listening;
    return (listening.address() as AddressInfo).port;
  };
  const change = (changes: Partial<Faults>) => {
    Object.assign(faults, changes);
    for (const connection of connections) connection.step();
  };
  const cut = () => {
    for (const connection of connections) connection.reset();
  };
  // Not awaited: a server counts as closed only when its last connection is.
  const refuse = () => {
    server?.close();
    server = undefined;
  };
  const port = await listen(0);

  return {
    port,
    get open() {
      return connections.size;
    },
    get taken() {
      return taken;
    },
    cut,
    refuse: async () => refuse(),
    accept: async () => {
      // An outgoing connection of another process may hold the port for a moment.
      for (let attempt = 1; !server; attempt++)
        await listen(port).catch(async (error: unknown) => {
          if (attempt === 100) throw error;
          await sleep(50);
        });
    },
    stall: () => change({ stalled: true }),
    resume: () => change({ stalled: false }),
    delay: (delayMs) => change({ delayMs }),
    throttle: (bytesPerSecond) => {
      if (!(bytesPerSecond > 0))
        throw new RangeError(`throttle(${bytesPerSecond}): expected more than 0. Use stall().`);
      change({ bytesPerSecond });
    },
    halfClose: (direction) => {
      for (const connection of connections) connection.end(direction);
    },
    retarget: (newTarget) => {
      target = newTarget;
    },
    close: async () => {
      refuse();
      cut();
    },
  };
}
