/** Asks a URL again and again from another thread, at fixed times, however long the answers take. */

import { Agent, get } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

interface ProbeData {
  readonly url: string;
  readonly everyMs: number;
}

export class HttpProbe {
  private constructor(private readonly worker: Worker) {}

  /** Resolves with the first answer. */
  static async start(url: string, everyMs: number): Promise<HttpProbe> {
    const worker = new Worker(new URL(import.meta.url), { workerData: { url, everyMs } satisfies ProbeData });
    await once(worker, "message");
    return new HttpProbe(worker);
  }

  /** Milliseconds from when each request was due until it was answered, of those since the last call. */
  async taken(): Promise<readonly number[]> {
    this.worker.postMessage("taken");
    const [delays] = (await once(this.worker, "message")) as [readonly number[]];
    return delays;
  }

  async stop(): Promise<readonly number[]> {
    const delays = await this.taken();
    await this.worker.terminate();
    return delays;
  }
}

if (!isMainThread && parentPort) {
  const { url, everyMs } = workerData as ProbeData;
  const port = parentPort;
  const agent = new Agent({ keepAlive: true });
  const underWay = new Set<Promise<void>>();
  let delays: number[] = [];
  const ask = async (dueMs: number) => {
    const { statusCode } = await new Promise<{ statusCode?: number | undefined }>((resolve, reject) =>
      get(url, { agent }, (response) => response.resume().once("end", () => resolve(response))).once("error", reject),
    );
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    delays.push(performance.now() - dueMs);
  };
  port.on("message", () => {
    // What is under way now was due before.
    void Promise.all(underWay).then(() => {
      port.postMessage(delays);
      delays = [];
    });
  });
  await ask(performance.now());
  port.postMessage("ready");
  for (let dueMs = performance.now(); ; dueMs += everyMs) {
    await sleep(Math.max(0, dueMs - performance.now()));
    const asked = ask(dueMs);
    underWay.add(asked);
    void asked.finally(() => underWay.delete(asked));
  }
}
