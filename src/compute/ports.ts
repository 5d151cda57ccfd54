import type { Instant, Millis } from "../base/clock.ts";
import type { Bytes } from "../base/units.ts";
import type { Database, Transaction } from "../platform/database.ts";
import type { EventEntry } from "../platform/event.ts";
import type { ResourceRef } from "../platform/resource.ts";

/** What a workload asks of a node; one with several members asks it for each. */
export interface ResourceRequest {
  readonly cpus: number;
  readonly memory: Bytes;
  /** Whole GPUs, or a share of one below 1, such as 0.5. Shares are accounted for; drivers may not enforce them. */
  readonly gpus: number;
  /** GPU model, such as `H100`; null takes any. */
  readonly gpuModel: string | null;
  /** Models that will do, in place of the one in `gpuModel`. */
  readonly gpuModels?: readonly string[] | undefined;
  /** A MIG instance, such as `3g.40gb`; then `gpus` is 0. */
  readonly migProfile?: string | undefined;
  /** Labels that the node must carry with these values. */
  readonly nodeLabels?: Readonly<Record<string, string>> | undefined;
}

/** How the members of a workload must lie to each other. Levels are those of the pool's topology, or `node`. */
export interface MemberTopology {
  /** All members in one domain of this level. */
  readonly required?: string | undefined;
  /** One domain of this level if possible. */
  readonly preferred?: string | undefined;
  /** Members in groups of `size`, each group inside one domain of `level`. */
  readonly slice?: { readonly size: number; readonly level: string } | undefined;
}

/** What a scheduler must know of a workload beside its size. Each has a default: see `termsOf`. */
export interface WorkloadTerms {
  /** The leaf of the quota tree that it counts against; its project by default. */
  readonly queue: string;
  /** Pools that will do, in order of preference; the one `pool` by default. */
  readonly pools: readonly string[];
  /** Starts with at least `min` members, with up to `max` when they fit; one by default. */
  readonly members: { readonly min: number; readonly max: number };
  readonly topology: MemberTopology | null;
  /** Whether it may be stopped for others and started again later. Replicas and workspaces may not by default. */
  readonly isPreemptible: boolean;
  /** It is not preempted before it ran this long. */
  readonly minRuntimeMs: Millis;
  /** Time until it works again after it was preempted. */
  readonly restartMs: Millis;
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
  /** Folder in which it saves its work: the newest file there tells when that was. */
  readonly checkpointFolder?: string | undefined;
}

/** Why the platform runs it; also the purpose in the ledger. */
export type Purpose = "training" | "evaluation" | "pipeline" | "replica" | "workspace";

export interface WorkloadRequest extends Partial<WorkloadTerms> {
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

/** A GPU, or a piece of one, that a workload holds. */
export interface HeldGpu extends NodeGpu {
  /** Thousandths of the GPU. */
  readonly millis: number;
  /** First memory slice of a MIG instance. */
  readonly slice?: number | undefined;
}

/** Where one member of a workload runs. */
export interface WorkloadPlace {
  readonly node: string;
  readonly gpus: readonly HeldGpu[];
}

export interface Workload extends Omit<WorkloadRequest, "command" | keyof WorkloadTerms>, WorkloadTerms {
  readonly state: WorkloadState;
  /** 1 for the first start. */
  readonly attempt: number;
  /** What it is doing now, for people: "building Python environment 12/40 packages". */
  readonly phase: string;
  readonly reason: PendingReason | null;
  /** The node of its first member. */
  readonly node: string | null;
  readonly gpuIndices: readonly number[];
  /** One for each member while it holds a place. */
  readonly places: readonly WorkloadPlace[];
  readonly outcome: TaskOutcome | null;
  /** Longest running time of one start; null: no limit. */
  readonly limitMs: Millis | null;
  /** When its work was last saved; null: never. */
  readonly checkpointAt: Instant | null;
  readonly timesPreempted: number;
  readonly queuedAt: Instant;
  /** When its present place was given to it. */
  readonly admittedAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** Whether it is on its way out: cancelled, or told to make room. */
  readonly isLeaving: boolean;
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
  /** Notes that a running workload saved its work at `at`; earlier reports than the last one are passed over. */
  checkpoint(id: string, at: Instant): Promise<void>;
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
  /** Whether it is cut into MIG instances. */
  readonly isMig?: boolean | undefined;
}

/** What a node has. */
export interface ComputeNode {
  readonly name: string;
  readonly cpus: number;
  readonly memory: Bytes;
  readonly gpus: readonly NodeGpu[];
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The domain at each level of its pool's topology, widest first; absent without levels. */
  readonly domains?: readonly string[] | undefined;
}

/** Whether a pool can take workloads. A pool that drains is being deleted and starts nothing new. */
export type PoolReadiness = "absent" | "unobserved" | "ready" | "draining";

/** A workload that has not ended, as a scheduler sees it. */
export interface QueuedWorkload extends Workload {
  /** Who it had to make room for before: it does not evict them in turn. */
  readonly evictedBy: readonly string[];
}

/** A place for one waiting workload. */
export interface Assignment {
  readonly id: string;
  readonly attempt: number;
  readonly pool: string;
  /** One for each member. */
  readonly places: readonly WorkloadPlace[];
}

/** A workload that must make room. */
export interface EvictionOrder {
  readonly id: string;
  readonly attempt: number;
  readonly forId: string;
  readonly forName: string;
  readonly lostGpuSeconds: number;
}

/** An elastic workload that goes on with fewer members. */
export interface ShrinkOrder {
  readonly id: string;
  readonly attempt: number;
  readonly forName: string;
  /** What remains. */
  readonly places: readonly WorkloadPlace[];
}

/** What a scheduler's pass decided. */
export interface QueueDecisions {
  readonly assignments: readonly Assignment[];
  readonly evictions: readonly EvictionOrder[];
  readonly shrinks: readonly ShrinkOrder[];
  readonly reasons: ReadonlyMap<string, PendingReason>;
}

/** What became of a pass. */
export interface AppliedDecisions {
  /** Events to append at the end of the transaction. */
  readonly entries: readonly EventEntry[];
  /** Assignments and shrinks that came too late: the workload is not where the scheduler saw it. */
  readonly refused: readonly string[];
}

/** What changed behind a place of the event log. */
export interface QueueChange {
  /** The log's size when it was read. */
  readonly seq: number;
  /** Whether events tell of the kinds that were asked for. */
  readonly isTouched: boolean;
  readonly workloads: readonly QueuedWorkload[];
}

/** The queue of workloads: what a scheduler reads, and the one door through which its decisions come. */
export interface WorkloadQueue {
  /** Every workload that has not ended. */
  active(transaction: Transaction): Promise<readonly QueuedWorkload[]>;
  /**
   * The workloads that events behind place `seq` of the log tell of, and those of `ids`, ended ones too; read at one moment,
   * in one statement.
   *
   * @param kinds other kinds, of which it is told only whether events tell of them.
   */
  changedSince(
    database: Database | Transaction,
    seq: number,
    ids: readonly string[],
    kinds: readonly string[],
  ): Promise<QueueChange>;
  /** The workloads that came to their end last, the oldest of them first: names, queues, how long they ran. */
  endedLately(
    transaction: Transaction,
    limit: number,
  ): Promise<readonly { readonly name: string; readonly queue: string; readonly ranMs: Millis }[]>;
  /** Workloads whose work was saved after `at` and that still run: their ids, and when. */
  checkpointsSince(database: Database | Transaction, at: Instant): Promise<ReadonlyMap<string, Instant>>;
  /**
   * Writes a pass's decisions. A workload that is no longer where the pass saw it keeps its state.
   * @throws {Fault} `platform.resource-conflict` when more of a GPU would be promised than there is.
   */
  apply(transaction: Transaction, decisions: QueueDecisions, actor: string, at: Instant): Promise<AppliedDecisions>;
  /** Workloads that wait or hold a place, of these projects (null: all), at most `limit`. */
  list(projects: readonly string[] | null, limit: number): Promise<readonly Workload[]>;
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
  /** Of each member. */
  readonly resources: ResourceRequest;
  /** Of the first member. */
  readonly gpus: readonly HeldGpu[];
  /** What each member holds, the first one's first; absent: there is one member, which holds `gpus`. */
  readonly memberGpus?: readonly (readonly HeldGpu[])[] | undefined;
  readonly environment: PythonEnvironment | null;
}

/** How a task ended, and whether the end came from outside so that it may start again. */
export interface TaskEnd {
  readonly outcome: TaskOutcome;
  readonly isRestartable: boolean;
  readonly wasStopped: boolean;
  /** It was stopped with all of the platform, to go on when that comes back. */
  readonly wasShutDown?: boolean;
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
  /** The most members that a workload may have here. */
  readonly membersMax: number;
  /** Whether members can be taken from a task that runs; else a workload has as many as it starts with. */
  readonly canShrink: boolean;
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
  /** When the newest file in a folder of checkpoints was written; null when there is none. */
  newestFileAt(folder: string): Promise<Instant | null>;
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
