import { buildCluster, equalQuotas } from "../../scheduling/simulator/cluster/build-cluster.ts";
import { clusterFileSchema, type PolicyName, type TraceFormat } from "../../scheduling/simulator/model.ts";
import { newScheduler } from "../../scheduling/simulator/new-scheduler.ts";
import { policies } from "../../scheduling/simulator/policies.ts";
import type { TraceJob } from "../../scheduling/simulator/ports.ts";
import { makeReport } from "../../scheduling/simulator/report/make-report.ts";
import { simulate } from "../../scheduling/simulator/simulate.ts";
import { planCapacity } from "../capacity/plan-capacity.ts";
import { forecastStage } from "../capacity/stage-demand.ts";
import { hoursPerMonth } from "../cost/project-cost.ts";
import { explainPacking } from "./explain-packing.ts";
import type { PackedFleet, TracePlan } from "./model.ts";
import { heldGpus, offeredLoad } from "./offered-load.ts";
import { fleetPool, readFleetTrace } from "./trace-jobs.ts";

/** What a queue is packed on, and how long its workloads may wait. */
export interface TraceAsk {
  readonly text: string;
  readonly format: TraceFormat;
  readonly policy: PolicyName;
  readonly waitSeconds: number;
  readonly share: number;
  readonly gpusPerServer: number;
  /** Quantile and headroom of the formula, as the plan has them. */
  readonly quantile: number;
  readonly headroomShare: number;
  /** Servers of the plan's first month; they are simulated, too. */
  readonly plannedServers: number;
  /** Fleets beyond this are not looked at. */
  readonly serversMax: number;
}

const millisPerHour = 3_600_000;
/** Simulations of one plan. */
const simulationsMax = 24;
/** Fleets below this share of the mean load fall ever further behind: they are not shown. */
const hopefulShare = 0.75;
/** Fleets around the answer that are shown, as shares of it. */
const shownShares = [0.6, 0.8, 1.25, 1.6];

/**
 * Packs a recorded or simulated queue with the scheduling engine that decides live, on ever other numbers of servers: doubling
 * until the waits meet the target, then bisection. Waits need not fall with every server (scheduling anomalies, Graham 1969), so
 * the answer is the smallest that was found, and each fleet that was looked at is shown.
 *
 * Cost: at most 24 simulations; a hundred workloads take milliseconds, twenty thousand some minutes.
 *
 * @throws {Fault} what reading the trace throws.
 */
export function packTrace(ask: TraceAsk): TracePlan {
  const { jobs, notes } = readFleetTrace(ask.text, ask.format, ask.gpusPerServer);
  const lastAt = jobs.reduce((latest, { item, durationMs }) => Math.max(latest, item.submittedAt + durationMs), 0);
  const hours = Math.max(1, lastAt / millisPerHour);
  const gpuHours = jobs.reduce((sum, job) => sum + (heldGpus(job) * job.durationMs) / millisPerHour, 0);
  const widestGpus = Math.ceil(jobs.reduce((most, job) => Math.max(most, heldGpus(job)), 0));
  const load = offeredLoad(jobs);
  const formula = byFormula(ask, { count: jobs.length, hours, gpuHours, widestGpus });
  const fleets = new Map<number, PackedFleet>();
  const pack = (servers: number): PackedFleet => {
    const known = fleets.get(servers) ?? packOn(servers, jobs, ask);
    fleets.set(servers, known);
    return known;
  };
  const meanServers = Math.ceil(load.meanGpus / ask.gpusPerServer);
  const least = Math.max(1, Math.ceil(widestGpus / ask.gpusPerServer));
  const servers = findServers(
    pack,
    { least, start: Math.max(least, meanServers), most: ask.serversMax },
    () => fleets.size,
  );
  const around = [
    formula.servers,
    ask.plannedServers,
    ...(servers === null ? [] : shownShares.map((share) => Math.round(share * servers))),
  ];
  const hopeful = Math.max(least, hopefulShare * meanServers);
  for (const each of around) {
    if (each >= hopeful && each <= ask.serversMax && fleets.size < simulationsMax) pack(each);
  }
  const facts = {
    workloads: jobs.length,
    hours,
    gpuHours,
    widestGpus,
    load,
    policy: ask.policy,
    target: { waitSeconds: ask.waitSeconds, share: ask.share },
    fleets: [...fleets.values()].toSorted((left, right) => left.servers - right.servers),
    servers,
    formula,
    planned: ask.plannedServers,
    notes,
  };
  return { ...facts, differences: explainPacking(facts, ask.gpusPerServer) };
}

/**
 * The smallest number that was found to meet the target: doubled up to it, then halved down. Begins at the mean load, since
 * fleets far below it take the longest to simulate and tell the least.
 */
function findServers(
  pack: (servers: number) => PackedFleet,
  { least, start, most }: { readonly least: number; readonly start: number; readonly most: number },
  tried: () => number,
): number | null {
  let low = least - 1;
  let high = Math.min(start, most);
  while (!pack(high).meetsTarget) {
    if (high >= most || tried() >= simulationsMax) return null;
    low = high;
    high = Math.min(most, high * 2);
  }
  while (high - low > 1 && tried() < simulationsMax) {
    const middle = Math.floor((low + high) / 2);
    if (pack(middle).meetsTarget) high = middle;
    else low = middle;
  }
  return high;
}

const fourDigits = (value: number): number => Number(value.toPrecision(4));

/** The same demand as a stage of jobs that come by chance. */
function byFormula(
  ask: TraceAsk,
  trace: { readonly count: number; readonly hours: number; readonly gpuHours: number; readonly widestGpus: number },
): TracePlan["formula"] {
  const stage = forecastStage(
    "trace",
    {
      stage: "training",
      name: "the queue of the trace",
      load: {
        kind: "jobs",
        perMonth: fourDigits((trace.count * hoursPerMonth) / trace.hours),
        gpuHoursEach: Math.max(1e-6, trace.gpuHours / trace.count),
        gangGpus: Math.max(1, trace.widestGpus),
        arrival: "random",
      },
      growthPerYear: 0,
      growthUncertainty: 0,
      goodput: 1,
    },
    1,
  );
  const capacity = planCapacity([stage], {
    months: 1,
    gpusPerServer: ask.gpusPerServer,
    quantile: ask.quantile,
    correlation: 0,
    headroomShare: ask.headroomShare,
    stepMonths: 1,
    leadMonths: 0,
    isFixed: false,
  });
  return { servers: capacity.gpusAtStart / ask.gpusPerServer, gpus: capacity.gpusAtStart, how: stage.how };
}

/** Runs the queue on so many equal servers. Every queue of the trace owns an equal part and lends what it does not use. */
function packOn(servers: number, jobs: readonly TraceJob[], ask: TraceAsk): PackedFleet {
  const node = { name: "server", count: servers, gpuModel: "GPU", gpus: ask.gpusPerServer, cpus: 1, memory: "1TB" };
  const cluster = buildCluster(clusterFileSchema.parse({ pools: [{ name: fleetPool, nodes: [node] }] }));
  const queues = [...new Set(jobs.map(({ item }) => item.queue))].toSorted();
  const run = simulate({
    ...cluster,
    quotas: equalQuotas(cluster.nodes, queues),
    settings: policies[ask.policy],
    jobs,
    until: null,
    newScheduler,
  });
  const report = makeReport({ policy: ask.policy, notes: [], nodes: cluster.nodes }, run);
  const waits = run.records.map(({ firstStartAt, job }) =>
    firstStartAt === null ? Number.POSITIVE_INFINITY : (firstStartAt - job.item.submittedAt) / 1000,
  );
  const inTime = waits.filter((seconds) => seconds <= ask.waitSeconds).length;
  const { all } = report;
  return {
    servers,
    gpus: servers * ask.gpusPerServer,
    inTimeShare: inTime / jobs.length,
    meetsTarget: inTime >= ask.share * jobs.length,
    waitP50Seconds: all.waitingSeconds?.p50 ?? 0,
    waitP95Seconds: all.waitingSeconds?.p95 ?? 0,
    waitMaxSeconds: all.waitingSeconds?.max ?? 0,
    utilisation: report.utilisation.gpuMean,
    fragmentedShare: report.fragmentation.shareOfIdle,
    unstarted: all.unstarted,
    preemptions: all.preemptions,
  };
}
