import type { Clock, Instant, Millis } from "../src/base/clock.ts";
import type {
  ComputeDriver,
  ComputeNode,
  LogChunk,
  TaskLaunch,
  TaskObservation,
  TaskOutcome,
  TaskRef,
} from "../src/compute/ports.ts";

/** What a stand-in stands for: machines that are not there, and how long programs would run that are not started. */
export interface StandInMachines {
  readonly nodes: readonly ComputeNode[];
  readonly clock: Clock;
  /** null: until it is stopped, or ended by `end`. */
  durationOf(task: TaskLaunch): Millis | null;
  /** When a folder of checkpoints was last written to. */
  checkpointAt?(folder: string): Instant | null;
}

interface StandInTask {
  readonly startedAt: Instant;
  readonly timer: NodeJS.Timeout | null;
  observation: TaskObservation;
}

/**
 * Stands in for a driver where only the way through the platform is looked at: it starts no process, and every task
 * ends by itself after the time that it is said to take. It keeps no contract of real tasks beyond their states.
 */
export class StandInDriver implements ComputeDriver {
  readonly name = "stand-in";
  readonly membersMax = 16_384;
  readonly canShrink = true;
  /** Launches so far, by `id/attempt`; twice the same would be a task that ran twice. */
  readonly launched: string[] = [];
  readonly #machines: StandInMachines;
  readonly #tasks = new Map<string, StandInTask>();
  readonly #listeners = new Set<(task: TaskRef) => void>();

  constructor(machines: StandInMachines) {
    this.#machines = machines;
  }

  async nodes(): Promise<readonly ComputeNode[]> {
    return this.#machines.nodes;
  }

  async launch(task: TaskLaunch): Promise<void> {
    const key = keyOf(task);
    if (this.#tasks.has(key)) return;
    this.launched.push(key);
    const startedAt = this.#machines.clock.now();
    const duration = this.#machines.durationOf(task);
    const { id, attempt } = task;
    const timer = duration === null ? null : setTimeout(() => this.#end({ id, attempt }, finished, false), duration);
    this.#tasks.set(key, { startedAt, timer, observation: { kind: "running", startedAt } });
  }

  async observe(task: TaskRef): Promise<TaskObservation> {
    return this.#tasks.get(keyOf(task))?.observation ?? { kind: "absent" };
  }

  async stop(task: TaskRef): Promise<void> {
    this.#end(task, { kind: "cancelled", exitCode: 143, message: "stopped as asked" }, true);
  }

  /** Ends a task by its own exit. */
  end(task: TaskRef, exitCode = 0): void {
    const message = exitCode === 0 ? "finished" : `exited with code ${exitCode}`;
    this.#end(task, { kind: "exited", exitCode, message }, false);
  }

  #end({ id, attempt }: TaskRef, outcome: TaskOutcome, wasStopped: boolean): void {
    const task = this.#tasks.get(keyOf({ id, attempt }));
    if (task === undefined || task.observation.kind === "ended") return;
    if (task.timer !== null) clearTimeout(task.timer);
    const endedAt = this.#machines.clock.now();
    const { startedAt } = task;
    const end = { outcome, isRestartable: false, wasStopped, startedAt, endedAt, memoryPeak: null };
    task.observation = { kind: "ended", end };
    for (const listener of this.#listeners) listener({ id, attempt });
  }

  async readLog(): Promise<LogChunk> {
    return { bytes: new Uint8Array(), next: 0 };
  }

  async findTail(): Promise<number> {
    return 0;
  }

  taskFolder(): null {
    return null;
  }

  async newestFileAt(folder: string): Promise<Instant | null> {
    return this.#machines.checkpointAt?.(folder) ?? null;
  }

  onChange(listener: (task: TaskRef) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prune(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    for (const { timer } of this.#tasks.values()) if (timer !== null) clearTimeout(timer);
  }
}

const finished: TaskOutcome = { kind: "exited", exitCode: 0, message: "finished" };

function keyOf({ id, attempt }: TaskRef): string {
  return `${id}/${attempt}`;
}
