import type { Instant, Millis } from "../base/clock.ts";
import type { Purpose, ResourceRequest } from "./ports.ts";

/** GPU time of one model in one pool in a time, and how often it was interrupted. */
export interface GpuExposure {
  readonly pool: string;
  /** As the driver names it. */
  readonly gpuModel: string;
  readonly gpuHours: number;
  /** Starts that held such GPUs and were lost or killed from outside: not by their own exit code, a user or the scheduler. */
  readonly interruptions: number;
}

/** A workload as the queue knew it, and how long it ran: a row of a trace. */
export interface RecordedWorkload {
  readonly id: string;
  readonly queue: string;
  readonly purpose: Purpose;
  readonly members: number;
  /** Of each member. */
  readonly resources: ResourceRequest;
  readonly priority: number;
  readonly isPreemptible: boolean;
  readonly limitMs: Millis | null;
  readonly queuedAt: Instant;
  /** Time on its places, all starts together; of what still runs, until now. */
  readonly ranMs: Millis;
}

/** What rooms above ask of the past of GPUs and of the queue. */
export interface GpuRecords {
  /** GPU time in [from, to) by pool and model, and the interruptions that ended in it. */
  exposure(from: Instant, to: Instant): Promise<readonly GpuExposure[]>;
  /** Workloads with GPUs that were submitted in [from, to) and ran, oldest first, at most `limit`; `projects` null: of all. */
  queue(
    span: { readonly from: Instant; readonly to: Instant },
    projects: readonly string[] | null,
    limit: number,
  ): Promise<readonly RecordedWorkload[]>;
}
