/**
 * What is left of one node. Its owner changes it in place as tasks come and go; scores only read it.
 *
 * The GPUs of a node are a run of a larger array, so that a fleet can keep all of its GPUs in one.
 */
export interface NodeCapacity {
  /** The one GPU model of the node; empty without GPUs. */
  readonly gpuModel: string;
  /** Thousandths of a CPU left. */
  readonly cpuMillis: number;
  /** Memory left, in the unit of the tasks. */
  readonly memory: number;
  /** Thousandths left of each GPU; the node's are at `gpuOffset` to `gpuOffset + gpuCount - 1`. */
  readonly gpuMillis: ArrayLike<number>;
  readonly gpuOffset: number;
  readonly gpuCount: number;
  /**
   * Which kinds of task the node holds, as bits: bit 0 stands for shares of a GPU, bit k for k whole GPUs (31: 31 or
   * more). Read by the policy `clustering` only; see `taskKindBit`.
   */
  readonly taskKinds: number;
}
