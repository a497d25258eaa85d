/** The processes that run the observer: who is up, who was killed, and who takes the place of whom. */

import {
  LiveReadModel,
  Processor,
  type EventStore,
  type ObserverReadModel,
  type ProcessorState,
  type ReadModelStore,
} from "../../src/index.js";
import type { Clock } from "../../src/index.js";
import { Random } from "../system/random.js";
import { DistantLog } from "./distant-log.js";
import { distantReadModels } from "./distant-read-models.js";
import { Line } from "./line.js";
import { calmSkewMs } from "./plan.js";
import { WildClock } from "./wild-clock.js";
import type { Wire } from "./wire.js";
import { startMs } from "./world.js";

interface Running {
  readonly line: Line;
  readonly processor: Processor;
}

export class Fleet {
  /** How often a process was killed. */
  deaths = 0;
  private readonly clocks: readonly WildClock[];
  private readonly running: (Running | undefined)[];
  private readonly all: Running[] = [];
  private started = 0;
  private mended = false;
  private ended = false;

  constructor(
    private readonly wire: Wire,
    private readonly log: EventStore,
    private readonly readModels: ReadModelStore,
    private readonly observer: (clock: Clock) => ObserverReadModel,
  ) {
    const { world, plan } = wire;
    this.clocks = plan.processes.map(({ clock }) => new WildClock(world, clock));
    this.running = plan.processes.map(() => undefined);
    for (const [place, { startsAfterMs, stops }] of plan.processes.entries()) {
      world.schedule(startMs + startsAfterMs, () => this.start(place));
      for (const { afterMs, forMs } of stops) world.schedule(startMs + afterMs, () => this.stop(place, forMs));
    }
  }

  /** Clocks are right but for a little skew, and whoever is not up comes up. */
  mend(random: Random): void {
    this.mended = true;
    for (const clock of this.clocks) clock.correct(random.whole(-calmSkewMs, calmSkewMs));
    for (const place of this.running.keys()) {
      const { world } = this.wire;
      // Who froze may do so for as long as it was to; who was started, or stopped, is started again.
      world.schedule(world.nowMs + random.whole(0, 500), () => this.start(place));
    }
  }

  /** What each process that is up says of itself; but those that were frozen a moment ago may not know yet. */
  get states(): ProcessorState[] {
    return this.running
      .filter((running) => running !== undefined)
      .filter(({ line }) => line.frozenUntilMs + this.wire.plan.leaseTtlMs <= this.wire.world.nowMs)
      .map(({ processor }) => processor.status.state);
  }

  /** Nobody touches anything any more. */
  end(): void {
    this.ended = true;
    for (const { line } of this.all) line.kill();
  }

  private start(place: number): void {
    const found = this.running[place];
    if (found) return found.processor.start();
    const { wire } = this;
    const name = `${"abcdef"[place]}${++this.started}`;
    const line = new Line(wire, place, name, () => this.bury(place));
    const log = new DistantLog(this.log, line);
    const readModels = distantReadModels(this.readModels, line);
    const clock = this.clocks[place]!.of(line);
    const spread = new Random(this.started);
    const processor = new Processor(new LiveReadModel(this.observer(clock), log, readModels), log, readModels, {
      holder: name,
      clock,
      leaseTtlMs: wire.plan.leaseTtlMs,
      random: () => spread.whole(0, 1_000) / 1_000,
      onChange: ({ state, error }) => {
        wire.note(name, `is ${state}`);
        // No trouble of the world may lead to this.
        if (state === "stopped" || state === "outdated") wire.failures.push(`${name} is ${state}: ${error?.stack}`);
      },
    });
    const running = { line, processor };
    this.running[place] = running;
    this.all.push(running);
    wire.note(name, "starts");
    processor.start();
  }

  private bury(place: number): void {
    if (this.ended) return;
    this.running[place] = undefined;
    this.deaths++;
    const { world, plan } = this.wire;
    world.schedule(world.nowMs + plan.processes[place]!.returnsAfterMs, () => this.start(place));
  }

  /** As a deployment does it: the lease is given back. */
  private stop(place: number, forMs: number): void {
    const found = this.running[place];
    if (!found || this.mended) return;
    const { wire } = this;
    wire.note(found.line.name, "is told to stop");
    const again = () => void wire.world.schedule(wire.world.nowMs + forMs, () => found.processor.start(), found.line);
    wire.world.schedule(wire.world.nowMs, () => void found.processor.stop().then(again), found.line);
  }
}
