import type { Millis } from "../../src/base/clock.ts";
import type { EngineNode, EnginePool, TopologyAsk, WorkItem } from "../../src/scheduling/engine/model.ts";
import type { QuotaNode } from "../../src/scheduling/quota/model.ts";
import type { TraceJob } from "../../src/scheduling/simulator/ports.ts";

/** The load tests of which Kueue publishes generators and mean results. */
export const kueueLoads = ["baseline", "large-scale", "tas"] as const;

export type KueueLoadName = (typeof kueueLoads)[number];

/** What Kueue publishes for a load test: means over its runs (kubernetes-sigs/kueue, rangespec.yaml of each). */
interface PublishedMeans {
  readonly wallSeconds: number;
  /** Mean use of each queue's nominal quota, in per cent. */
  readonly usagePct: number;
  /** Mean time from creation to admission, in seconds, by class. */
  readonly admissionSeconds: Readonly<Record<string, number>>;
}

/** One load test: a cluster, its quotas, and what is submitted when. */
export interface KueueLoad {
  readonly name: KueueLoadName;
  readonly pools: readonly EnginePool[];
  readonly nodes: readonly EngineNode[];
  readonly quotas: readonly QuotaNode[];
  readonly jobs: readonly TraceJob[];
  /** The class of each workload by its id. */
  readonly classes: ReadonlyMap<string, string>;
  readonly published: PublishedMeans;
  /** How long the work of one queue takes when its nominal quota is always full. */
  readonly idealMakespanMs: Millis;
}

/** Workloads of one class in each queue: one comes every `intervalMs`, the first after one interval. */
interface WorkloadSet {
  readonly className: string;
  readonly count: number;
  readonly intervalMs: Millis;
  readonly runMs: Millis;
  readonly priority: number;
  /** Milli-CPUs of each member. */
  readonly cpuMillis: number;
  readonly members: number;
  readonly topology: TopologyAsk | null;
}

interface LoadShape {
  readonly cohorts: number;
  readonly queuesPerCohort: number;
  readonly sets: readonly WorkloadSet[];
  readonly published: PublishedMeans;
}

/** Of each queue, in milli-CPUs. */
const nominalCpuMillis = 20_000;
const borrowingCpuMillis = 100_000;

const nodesPerRack = 64;
const racks = 10;
const nodeCpuMillis = 96_000;
const nodeMemoryBytes = 256 * 1024 ** 3;
/** Baseline and large scale have no nodes in Kueue: here they get this many times their quota, so that only quota binds. */
const spareCapacity = 2;

const single = { members: 1, topology: null } as const;

function plainSets(
  counts: readonly [number, number, number],
  intervals: readonly [number, number, number],
  runs: readonly [number, number, number],
): readonly WorkloadSet[] {
  const classes = [
    { className: "small", priority: 50, cpuMillis: 1000 },
    { className: "medium", priority: 100, cpuMillis: 5000 },
    { className: "large", priority: 200, cpuMillis: 20_000 },
  ] as const;
  return classes.map((each, index) => ({
    ...each,
    ...single,
    count: counts[index] ?? 0,
    intervalMs: intervals[index] ?? 0,
    runMs: runs[index] ?? 0,
  }));
}

/** Each class in three kinds: all members in one rack, in one if possible, or in groups that lie in one rack each. */
function topologySets(): readonly WorkloadSet[] {
  const classes = [
    {
      of: "small",
      counts: [120, 120, 110],
      intervalMs: 100,
      runMs: 200,
      priority: 50,
      cpuMillis: 500,
      members: 2,
      group: 1,
    },
    {
      of: "medium",
      counts: [34, 33, 33],
      intervalMs: 500,
      runMs: 500,
      priority: 100,
      cpuMillis: 1250,
      members: 4,
      group: 2,
    },
    {
      of: "large",
      counts: [17, 17, 16],
      intervalMs: 1200,
      runMs: 1000,
      priority: 200,
      cpuMillis: 2500,
      members: 8,
      group: 4,
    },
  ] as const;
  return classes.flatMap(({ of, counts, group, ...shared }) => [
    { ...shared, className: `${of}-required-rack`, count: counts[0], topology: { required: "rack" } },
    { ...shared, className: `${of}-preferred-rack`, count: counts[1], topology: { preferred: "rack" } },
    {
      ...shared,
      className: `${of}-balanced-rack`,
      count: counts[2],
      topology: { slice: { size: group, level: "rack" } },
    },
  ]);
}

const shapes: Readonly<Record<KueueLoadName, LoadShape>> = {
  baseline: {
    cohorts: 5,
    queuesPerCohort: 6,
    sets: plainSets([350, 100, 50], [100, 500, 1200], [200, 500, 1000]),
    published: {
      wallSeconds: 351.1164,
      usagePct: 55.9,
      admissionSeconds: { small: 215.468, medium: 76.768, large: 16.501 },
    },
  },
  "large-scale": {
    cohorts: 10,
    queuesPerCohort: 100,
    sets: plainSets([35, 11, 4], [60, 300, 700], [150, 350, 700]),
    published: {
      wallSeconds: 1179.411,
      usagePct: 38.64,
      admissionSeconds: { small: 700.379, medium: 256.413, large: 105.604 },
    },
  },
  tas: {
    cohorts: 5,
    queuesPerCohort: 6,
    sets: topologySets(),
    published: {
      wallSeconds: 401.472,
      usagePct: 62.41,
      admissionSeconds: {
        "small-required-rack": 246.755,
        "small-preferred-rack": 246.09,
        "small-balanced-rack": 237.846,
        "medium-required-rack": 107.071,
        "medium-preferred-rack": 106.324,
        "medium-balanced-rack": 106.303,
        "large-required-rack": 39.625,
        "large-preferred-rack": 39.573,
        "large-balanced-rack": 37.862,
      },
    },
  },
};

/**
 * Generates one of Kueue's load tests with our nouns: a CPU of Kueue's is one of ours, its priorities of 50 to 200 are
 * halved into 0 to 100, and workloads declare no limits. Counts, sizes, intervals, runtimes and quotas are those of
 * kubernetes-sigs/kueue, test/performance/scheduler/configs (read at ff69552e79, 2026-08).
 *
 * @param runtimeScale runtimes times this; 0 measures admission alone.
 */
export function kueueWorkloads(name: KueueLoadName, runtimeScale = 1): KueueLoad {
  const { cohorts, queuesPerCohort, sets, published } = shapes[name];
  const queues = Array.from({ length: cohorts }, (_, cohort) =>
    Array.from({ length: queuesPerCohort }, (__, queue) => ({
      id: `cq-${cohort}-${queue}`,
      cohort: `cohort-${cohort}`,
    })),
  ).flat();
  const classes = new Map<string, string>();
  const jobs = queues.flatMap(({ id: queue }) =>
    sets.flatMap((set) =>
      Array.from({ length: set.count }, (_, index): TraceJob => {
        const item = toItem(queue, set, index);
        classes.set(item.id, set.className);
        return { item, user: "", durationMs: set.runMs * runtimeScale, checkpointEveryMs: null };
      }),
    ),
  );
  const work = sets.reduce((sum, set) => sum + set.count * set.runMs * set.cpuMillis * set.members, 0);
  return {
    name,
    pools: [{ id: "main", levels: ["block", "rack"], role: "any", floorMillis: 0 }],
    nodes: makeNodes(name === "tas" ? racks * nodesPerRack : spareNodes(queues.length)),
    quotas: makeQuotas(queues),
    jobs,
    classes,
    published,
    idealMakespanMs: (work * runtimeScale) / nominalCpuMillis,
  };
}

function spareNodes(queues: number): number {
  return Math.ceil((queues * nominalCpuMillis * spareCapacity) / nodeCpuMillis);
}

function makeNodes(count: number): readonly EngineNode[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `node-${String(index).padStart(4, "0")}`,
    pool: "main",
    gpuModel: null,
    gpus: 0,
    cpuMillis: nodeCpuMillis,
    memory: nodeMemoryBytes,
    domains: ["block-0", `rack-${Math.floor(index / nodesPerRack)}`],
    state: "ready",
  }));
}

function makeQuotas(queues: readonly { readonly id: string; readonly cohort: string }[]): readonly QuotaNode[] {
  const policies = { reclaim: "any", preempt: "lower-priority" } as const;
  const cohorts = [...new Set(queues.map(({ cohort }) => cohort))];
  const limits = { nominal: nominalCpuMillis, borrowingLimit: borrowingCpuMillis, lendingLimit: null };
  return [
    ...cohorts.map((id) => ({ id, parent: null, weight: 1, resources: {}, policies })),
    ...queues.map(({ id, cohort }) => ({ id, parent: cohort, weight: 1, resources: { cpu: limits }, policies })),
  ];
}

function toItem(queue: string, set: WorkloadSet, index: number): WorkItem {
  const id = `${queue}/${set.className}-${index}`;
  return {
    id,
    name: id,
    queue,
    role: "any",
    pools: ["main"],
    priority: set.priority / 2,
    submittedAt: (index + 1) * set.intervalMs,
    shape: { gpu: { kind: "none" }, gpuModels: [], cpuMillis: set.cpuMillis, memory: 0 },
    members: { min: set.members, max: set.members },
    topology: set.topology,
    limitMs: null,
    forecast: null,
    isPreemptible: true,
    minRuntimeMs: 0,
    restartMs: 0,
    timesPreempted: 0,
  };
}
