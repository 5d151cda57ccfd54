/** What one task asks of one node; tasks of the same shape are interchangeable to a placement score. */
export interface TaskShape {
  /** Thousandths of a CPU. */
  readonly cpuMillis: number;
  /** In any one unit, the same as the node's. */
  readonly memory: number;
  /** How many GPUs; 0 for a task that runs on CPUs only. */
  readonly gpus: number;
  /** What it takes of each of its GPUs, in thousandths; 1000 is a whole GPU. */
  readonly gpuMillis: number;
  /** The GPU models that it may use; empty: any. */
  readonly gpuModels: readonly string[];
}

/** The thousandths of one whole GPU. */
export const wholeGpuMillis = 1000;
