import type { Instant } from "../base/clock.ts";

export interface TrackedRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly project: string;
  readonly name: string;
  readonly status: "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";
  readonly startedAt: Instant;
  readonly endedAt: Instant | null;
  readonly params: Readonly<Record<string, string>>;
  /** Last value of each metric. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** What rooms above ask of tracking. */
export interface Tracking {
  /** Makes the experiment if there is none of that name. Answers with its id. */
  ensureExperiment(project: string, name: string): Promise<string>;
  /** Starts a run with this id unless it exists; idempotent, so a restarted job goes on with its run. */
  ensureRun(run: {
    readonly runId: string;
    readonly project: string;
    readonly experimentId: string;
    readonly name: string;
    readonly tags: Readonly<Record<string, string>>;
  }): Promise<void>;
  finishRun(runId: string, status: "FINISHED" | "FAILED" | "KILLED"): Promise<void>;
  run(runId: string): Promise<TrackedRun | undefined>;
  /**
   * The median of a metric's values above zero, without the first tenth of its points (warm-up), and how many these are;
   * undefined without any.
   */
  steadyMedian(runId: string, key: string): Promise<{ readonly median: number; readonly points: number } | undefined>;
  /** Object-store keys of the run's artifacts under `path`. */
  artifacts(
    runId: string,
    path: string,
  ): Promise<readonly { readonly path: string; readonly objectKey: string; readonly bytes: number }[]>;
}
