/** What came of the queue on so many servers. */
export interface PackedFleet {
  readonly servers: number;
  readonly gpus: number;
  /** Share of the workloads that started within the target; those that never started did not. */
  readonly inTimeShare: number;
  readonly meetsTarget: boolean;
  readonly waitP50Seconds: number;
  readonly waitP95Seconds: number;
  readonly waitMaxSeconds: number;
  /** Means over the makespan, of GPUs. */
  readonly utilisation: number;
  /** Of idle GPUs, what the typical workload could not use. */
  readonly fragmentedShare: number;
  readonly unstarted: number;
  readonly preemptions: number;
}

/** GPUs that a queue would hold if nobody waited: mean over its time, what 95 % of the time needs at most, the most. */
export interface OfferedLoad {
  readonly meanGpus: number;
  readonly p95Gpus: number;
  readonly maxGpus: number;
}

/** A queue packed by the scheduling engine beside the formula's answer to the same demand. */
export interface TracePlan {
  readonly workloads: number;
  readonly hours: number;
  readonly gpuHours: number;
  readonly widestGpus: number;
  readonly load: OfferedLoad;
  readonly policy: string;
  readonly target: { readonly waitSeconds: number; readonly share: number };
  /** Every fleet that was simulated, the smallest first. */
  readonly fleets: readonly PackedFleet[];
  /** The smallest of them that met the target; null when none within the bound did. */
  readonly servers: number | null;
  readonly formula: { readonly servers: number; readonly gpus: number; readonly how: string };
  /** Servers of the plan's first month, from all of its stages. */
  readonly planned: number;
  readonly differences: readonly string[];
  readonly notes: readonly string[];
}
