import type { Instant, Millis } from "../base/clock.ts";
import type { Bytes } from "../base/units.ts";
import type { Lease } from "../platform/controller.ts";
import type { ResourceRef } from "../platform/resource.ts";

/** What a workload asks of a node. */
export interface ResourceRequest {
  readonly cpus: number;
  readonly memory: Bytes;
  readonly gpus: number;
  /** GPU model, such as `H100`; null takes any. */
  readonly gpuModel: string | null;
}

/** What to run; the same on every driver. */
export interface TaskCommand {
  /** Program and arguments. `python` means the interpreter of the environment that `requirements` build. */
  readonly argv: readonly string[];
  /** Files that are laid into the task's own working folder: name → absolute path of a folder's or file's snapshot. */
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Environment names whose values are secret: kept out of API answers and logs. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Python packages as in requirements.txt; null: no Python environment. */
  readonly requirements: readonly string[] | null;
  /** Longest running time; null: no limit. */
  readonly maxDurationMs: Millis | null;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs: Millis;
}

/** Why the platform runs it; also the purpose in the ledger. */
export type Purpose = "training" | "evaluation" | "pipeline" | "replica" | "workspace";

export interface WorkloadRequest {
  /** Chosen by the submitter: submitting the same id again is the same workload. */
  readonly id: string;
  readonly project: string;
  readonly owner: ResourceRef;
  readonly purpose: Purpose;
  readonly pool: string;
  /** 0-100, higher first. */
  readonly priority: number;
  readonly resources: ResourceRequest;
  readonly command: TaskCommand;
  /** How often a task may start again after it was lost with its node or killed from outside; not after its own exit code. */
  readonly maxRestarts: number;
}

export type WorkloadState =
  | "queued"
  | "admitted"
  | "starting"
  | "running"
  | "preempted"
  | "succeeded"
  | "failed"
  | "cancelled";

/** Why a workload is not running yet: one primary reason, with what would help. */
export interface PendingReason {
  /** From one enumerated list: insufficient-gpus, insufficient-memory, insufficient-cpus, no-such-pool, behind-others, ... */
  readonly code: string;
  readonly sentence: string;
  readonly blockers: readonly { readonly id: string; readonly name: string; readonly gpus: number }[];
  readonly changes: readonly string[];
}

/** How a task ended, in words that name the cause and the next step. */
export interface TaskOutcome {
  readonly kind: "exited" | "signalled" | "out-of-memory" | "out-of-time" | "lost" | "start-failed" | "cancelled";
  readonly exitCode: number | null;
  readonly message: string;
}

export interface Workload extends Omit<WorkloadRequest, "command"> {
  readonly state: WorkloadState;
  /** 1 for the first start. */
  readonly attempt: number;
  /** What it is doing now, for people: "building Python environment 12/40 packages". */
  readonly phase: string;
  readonly reason: PendingReason | null;
  readonly node: string | null;
  readonly gpuIndices: readonly number[];
  readonly outcome: TaskOutcome | null;
  readonly queuedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
}

/** What rooms above ask of compute. Every state change of a workload is an event `{kind: "Workload", name: id}`. */
export interface Workloads {
  /** Idempotent by id. @throws {Fault} `compute.request-impossible` when no node could ever run it. */
  submit(request: WorkloadRequest): Promise<Workload>;
  get(id: string): Promise<Workload | undefined>;
  list(filter: {
    readonly project?: string;
    readonly owner?: ResourceRef;
    readonly active?: boolean;
  }): Promise<readonly Workload[]>;
  /** Asks a workload to stop: SIGTERM, grace, SIGKILL to its whole process group. Idempotent. */
  cancel(id: string, actor: string, why: string): Promise<void>;
  /** The folder in which the current attempt runs (local driver); null before it started. */
  taskFolder(id: string): Promise<string | null>;
}

/** One GPU of a node. */
export interface NodeGpu {
  readonly index: number;
  /** Such as `NVIDIA H100 80GB HBM3`. */
  readonly model: string;
  readonly memory: Bytes;
  /** Whether it only pretends to be there; said wherever a person sees it. */
  readonly simulated: boolean;
  /** Names the device itself: two pools that share a machine name the same GPU alike. */
  readonly device: string;
}

/** What a node has. */
export interface ComputeNode {
  readonly name: string;
  readonly cpus: number;
  readonly memory: Bytes;
  readonly gpus: readonly NodeGpu[];
}

/** Whether a pool can take workloads. A pool that drains is being deleted and starts nothing new. */
export type PoolReadiness = "absent" | "unobserved" | "ready" | "draining";

/** One pool as a scheduler sees it, read in one transaction. */
export interface PoolSnapshot {
  readonly pool: string;
  readonly readiness: PoolReadiness;
  readonly nodes: readonly ComputeNode[];
  /** GPUs (by `device`) that some workload of any pool holds. */
  readonly devicesTaken: ReadonlySet<string>;
  /** Workloads that wait, in no particular order. */
  readonly waiting: readonly Workload[];
  /** Workloads that hold a place: admitted, starting or running. */
  readonly holding: readonly Workload[];
}

/** A place for one waiting workload. */
export interface Assignment {
  readonly id: string;
  readonly node: string;
  readonly gpus: readonly NodeGpu[];
}

/** What a scheduler's pass decided. */
export interface QueueDecisions {
  readonly assignments: readonly Assignment[];
  readonly reasons: ReadonlyMap<string, PendingReason>;
}

/** The queue of a pool: what a scheduler reads, and the one door through which its decisions come. */
export interface WorkloadQueue {
  snapshot(pool: string): Promise<PoolSnapshot>;
  /**
   * Applies a pass whole or not at all. A workload that no longer waits keeps its state.
   * @throws {Fault} `platform.lease-lost`; `platform.resource-conflict` when a GPU was promised meanwhile.
   */
  apply(decisions: QueueDecisions, lease: Lease): Promise<void>;
  /** Every workload that waits or holds a place, of these projects (null: all), at most `limit`. */
  active(projects: readonly string[] | null, limit: number): Promise<readonly Workload[]>;
}

/** Names one start of a workload. */
export interface TaskRef {
  readonly id: string;
  readonly attempt: number;
}

/** An environment that was built for a task. */
export interface PythonEnvironment {
  /** Absolute path of the interpreter. */
  readonly python: string;
  /** The folder to put first on the PATH. */
  readonly binFolder: string;
  readonly folder: string;
}

/** One start of a workload with everything that a driver needs. */
export interface TaskLaunch extends TaskRef {
  readonly command: TaskCommand;
  readonly resources: ResourceRequest;
  readonly gpus: readonly NodeGpu[];
  readonly environment: PythonEnvironment | null;
}

/** How a task ended, and whether the end came from outside so that it may start again. */
export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly isRestartable: boolean;
  readonly wasStopped: boolean;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant;
  /** The most memory that its processes held together; null when unknown. */
  readonly memoryPeak: Bytes | null;
}

/** What a driver finds of a task. `absent`: it was never launched, or its traces are gone. */
export type TaskObservation =
  | { readonly kind: "absent" }
  | { readonly kind: "starting" }
  | { readonly kind: "running"; readonly startedAt: Instant }
  | { readonly kind: "ended"; readonly end: TaskEnd };

export type LogStream = "stdout" | "stderr";

/** Bytes of a log and where the next ones begin. */
export interface LogChunk {
  readonly bytes: Uint8Array;
  readonly next: number;
}

/** Runs tasks on machines of one sort. Tasks outlive the driver object and the process that holds it. */
export interface ComputeDriver {
  readonly name: string;
  /** What the machines have now. */
  nodes(signal: AbortSignal): Promise<readonly ComputeNode[]>;
  /**
   * Starts the task unless this attempt was started before; two launches run one task.
   * @throws {Fault} `platform.disk-full`; `compute.task-unstartable` when its files or program are not as wanted.
   */
  launch(task: TaskLaunch, signal: AbortSignal): Promise<void>;
  /** Looks at a task; cleans up after one that was lost. */
  observe(task: TaskRef): Promise<TaskObservation>;
  /** Asks a task to stop: SIGTERM, its grace, SIGKILL to every process of it. Idempotent; does not wait. */
  stop(task: TaskRef): Promise<void>;
  /** Reads a log from a byte on; `at` negative counts from the end. An absent log is empty. */
  readLog(task: TaskRef, stream: LogStream, at: number, bytesMax: Bytes): Promise<LogChunk>;
  /** Reads the last lines of a log: gives the byte at which they begin. */
  findTail(task: TaskRef, stream: LogStream, lines: number): Promise<number>;
  /** The folder in which the task works, or null where it has none on this machine. */
  taskFolder(task: TaskRef): string | null;
  /** Calls back when a task that was launched or observed as running has changed. Returns what ends it. */
  onChange(listener: (task: TaskRef) => void): () => void;
  /** Deletes what ended tasks left, when it is older than `before` and not of these. Answers with how many. */
  prune(before: Instant, keep: ReadonlySet<string>): Promise<number>;
  /** Lets go of watchers; tasks run on. */
  close(): Promise<void>;
}

/** Where the build of a Python environment stands. */
export type EnvironmentState =
  | { readonly kind: "building"; readonly progress: string }
  | { readonly kind: "ready"; readonly environment: PythonEnvironment }
  /** Told once to each who waited for the build; asking again builds again. */
  | { readonly kind: "failed"; readonly error: Error };

/** Builds Python environments in the background, each once, and keeps them for the next task. */
export interface PythonEnvironments {
  /** Answers at once; `onSettled` is called when a build that this call joined has ended. `asker` names who waits. */
  request(requirements: readonly string[], asker: string, onSettled: () => void): Promise<EnvironmentState>;
  /** Deletes environments that were last used before `before`, but those of `keep`. Answers with how many. */
  prune(before: Instant, keep: readonly (readonly string[])[]): Promise<number>;
  close(): Promise<void>;
}
