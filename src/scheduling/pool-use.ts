import type { PoolSpec, PoolStatus } from "../compute/model.ts";
import type { Workload } from "../compute/ports.ts";

/** CPUs, memory (bytes) and GPUs. */
export interface Capacity {
  readonly cpus: number;
  readonly memory: number;
  readonly gpus: number;
}

/** What a pool has and what is in use. */
export interface PoolUse {
  readonly name: string;
  readonly role: string;
  readonly driver: string;
  /** Whether its GPUs only pretend to be there. */
  readonly simulated: boolean;
  readonly gpuSummary: string;
  readonly nodes: number;
  readonly total: Capacity;
  readonly used: Capacity;
  readonly waiting: number;
}

/** Adds up what the active workloads hold of a pool. */
export function usePool(
  pool: { readonly name: string; readonly spec: PoolSpec; readonly status: PoolStatus },
  active: readonly Workload[],
): PoolUse {
  const own = active.filter((workload) => workload.pool === pool.name);
  const holding = own.filter(
    (workload) => workload.state === "admitted" || workload.state === "starting" || workload.state === "running",
  );
  const sum = (amount: (workload: Workload) => number): number =>
    holding.reduce((total, workload) => total + amount(workload), 0);
  const { cpus, memory, gpus, gpuSummary, nodes } = pool.status;
  return {
    name: pool.name,
    role: pool.spec.role,
    driver: pool.spec.driver,
    simulated: pool.spec.simulatedGpus !== undefined,
    gpuSummary,
    nodes: nodes.length,
    total: { cpus, memory, gpus },
    used: {
      cpus: sum((each) => each.resources.cpus),
      memory: sum((each) => each.resources.memory),
      gpus: sum((each) => each.resources.gpus),
    },
    waiting: own.length - holding.length,
  };
}
