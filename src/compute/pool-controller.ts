import type { Clock } from "../base/clock.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import { type Condition, type Resource, withCondition } from "../platform/resource.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { describeGpus } from "./fit-node.ts";
import { type PoolSpec, type PoolStatus, poolKind } from "./model.ts";
import { findExcessLimit, findTopologyProblem, poolNodes, sumNodes } from "./pool-nodes.ts";
import type { ComputeDriver } from "./ports.ts";
import type { WorkloadStore } from "./store.ts";

/** How often machines are looked at anew: a GPU may come or go. */
const inventoryMs = 60_000;
const drainLookMs = 2_000;

export interface PoolControllerNeeds {
  readonly resources: ResourceStore;
  readonly store: WorkloadStore;
  readonly driver: ComputeDriver;
  readonly clock: Clock;
}

/** Keeps a pool's inventory true, and lets a deleted pool go once nothing runs in it. */
export class PoolController implements Controller {
  readonly name = "pool";
  readonly concurrency = 2;
  readonly #needs: PoolControllerNeeds;

  constructor(needs: PoolControllerNeeds) {
    this.#needs = needs;
  }

  readonly keysOf: Controller["keysOf"] = (event) => (event.subject.kind === poolKind.kind ? [event.subject.name] : []);

  async reconcile(name: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { resources, store, driver } = this.#needs;
    const pool = await resources.get(poolKind, null, name);
    if (pool === undefined) return { kind: "settled" };
    if (pool.deletingSince !== null) {
      const holding = await store.countHolding(name);
      if (holding === 0) {
        await resources.remove(poolKind, pool, lease);
        return { kind: "settled" };
      }
      const message = `draining: ${holding} ${holding === 1 ? "workload runs" : "workloads run"} on`;
      await resources.observe(poolKind, pool, { ...pool.status, phase: "draining" }, { lease, message });
      return { kind: "again", afterMs: drainLookMs };
    }
    const machines = await driver.nodes(signal);
    // An older version may have written the spec: what it did not know of has its default.
    const status = this.#statusOf({ ...pool, spec: poolKind.spec.parse(pool.spec) }, machines);
    await resources.observe(poolKind, pool, status, { lease, message: `pool ${name} has ${describeStatus(status)}` });
    return { kind: "again", afterMs: inventoryMs };
  }

  #statusOf(pool: Resource<PoolSpec, PoolStatus>, machines: Awaited<ReturnType<ComputeDriver["nodes"]>>): PoolStatus {
    const nodes = poolNodes(pool.name, pool.spec, machines);
    const excess = findExcessLimit(pool.spec, machines);
    const since = this.#needs.clock.now();
    const limits: Condition = {
      type: "LimitsHold",
      status: excess === null ? "true" : "false",
      reason: excess === null ? "WithinMachine" : "BeyondMachine",
      message: excess ?? "the machine has what the limits ask for",
      since,
    };
    const problem = findTopologyProblem(pool.spec, machines);
    const topology: Condition = {
      type: "TopologyHolds",
      status: problem === null ? "true" : "false",
      reason: problem === null ? "NodesKnown" : "NodesDiffer",
      message: problem ?? "the topology names every node with all its domains",
      since,
    };
    const told = pool.spec.topology === undefined ? [limits] : [limits, topology];
    const kept = pool.status.conditions.filter((each) => told.some(({ type }) => type === each.type));
    return {
      phase: "ready",
      conditions: [...told.reduce<readonly Condition[]>(withCondition, kept)],
      nodes: nodes.map(({ domains, ...node }) => ({
        ...node,
        gpus: [...node.gpus],
        ...(domains === undefined ? {} : { domains: [...domains] }),
      })),
      ...sumNodes(nodes),
      gpuSummary: describeGpus(nodes.flatMap((node) => node.gpus)),
    };
  }
}

function describeStatus(status: PoolStatus): string {
  const gpus = status.gpuSummary === "" ? "no GPUs" : status.gpuSummary;
  return `${status.nodes.length} ${status.nodes.length === 1 ? "node" : "nodes"}, ${status.cpus} CPUs, ${gpus}`;
}
