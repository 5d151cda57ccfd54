import { requirePositive, requireWithin } from "../problems/plan-fault.ts";
import type { Rejection } from "./keep-compliant.ts";

/** A workload and what each GPU was measured (or predicted) to do for it. */
export interface WorkloadAsk {
  /** Where it stands in the plan, such as `workloads[0]`. */
  readonly path: string;
  readonly name: string;
  /** What is counted: tokens, images, rows. */
  readonly unit: string;
  /** Memory that one replica (or one training shard group) needs in all, GB (1e9 bytes). */
  readonly memoryGigabytes: number;
  /** Wanted, all replicas together, in units a second. */
  readonly targetPerSecond: number;
  /** Units a second of one GPU, by GPU. */
  readonly perGpuPerSecond: Readonly<Record<string, number>>;
  /** Of a model that was sized: its replica on each GPU, in place of the memory above. */
  readonly replicas?: Readonly<Record<string, SizedReplica>>;
  /** Why a GPU has no throughput, by GPU. */
  readonly whyNot?: Readonly<Record<string, string>>;
}

/** One replica of a model on GPUs of one kind. */
export interface SizedReplica {
  readonly gpus: number;
  /** Filled on all of them, GB (1e9 bytes). */
  readonly memoryGigabytes: number;
}

/** A GPU that could run it. */
export interface Candidate {
  readonly gpu: string;
  /** As programs see it, GB (1e9 bytes): makers' 80 GB are 85.5 of these. */
  readonly memoryGigabytes: number;
  readonly gpusPerServer: number;
  readonly usdPerGpuHour: number;
}

/** A GPU that fits, with what a result costs on it. */
export interface Alignment {
  readonly gpu: string;
  readonly gpusPerReplica: number;
  readonly gpus: number;
  readonly perSecond: number;
  readonly usdPerMillion: number;
  readonly usdPerMonth: number;
  readonly memoryUse: number;
  readonly bottleneck: string;
}

/** What would change if one thing were different. */
export interface WhatIf {
  readonly change: string;
  readonly effect: string;
}

/** Which GPU for this workload, cheapest result first. */
export interface WorkloadAdvice {
  readonly workload: string;
  readonly unit: string;
  readonly options: readonly Alignment[];
  readonly rejected: readonly Rejection[];
  readonly whatIfs: readonly WhatIf[];
}

/** Share of a GPU's memory that a workload may fill; the rest is for the runtime. */
const usableMemory = 0.9;
const hoursPerMonth = 730;

/**
 * Ranks GPUs for a workload by the price of a result. A replica takes as many GPUs of one server as its memory needs
 * (a power of two); one that needs more than a server is rejected, and so is a GPU without a throughput. A model that was sized
 * tells its own replica, which may lie on several servers.
 *
 * @throws {Fault} `planning.plan-invalid` for figures out of bounds.
 */
export function alignWorkload(ask: WorkloadAsk, candidates: readonly Candidate[]): WorkloadAdvice {
  requireWithin(`${ask.path}.memory`, ask.memoryGigabytes, 0, 1e6);
  requirePositive(`${ask.path}.targetPerSecond`, ask.targetPerSecond);
  const options: Alignment[] = [];
  const rejected: Rejection[] = [];
  for (const candidate of candidates) {
    const found = align(ask, candidate);
    if ("why" in found) rejected.push(found);
    else options.push(found);
  }
  options.sort((left, right) => left.usdPerMonth - right.usdPerMonth || (left.gpu < right.gpu ? -1 : 1));
  const best = options[0];
  for (const option of options.slice(1)) {
    const more = best === undefined ? 0 : option.usdPerMonth / best.usdPerMonth - 1;
    rejected.push({ option: option.gpu, why: `costs ${Math.round(more * 100)} % more a month than ${best?.gpu}` });
  }
  return { workload: ask.name, unit: ask.unit, options, rejected, whatIfs: askWhatIf(ask, candidates, best) };
}

function align(ask: WorkloadAsk, candidate: Candidate): Alignment | Rejection {
  const speed = ask.perGpuPerSecond[candidate.gpu];
  if (speed === undefined) {
    return { option: candidate.gpu, why: ask.whyNot?.[candidate.gpu] ?? "no throughput was given for it" };
  }
  requirePositive(`${ask.path}.throughput.${candidate.gpu}`, speed);
  const usable = candidate.memoryGigabytes * usableMemory;
  const sized = ask.replicas?.[candidate.gpu];
  const memoryGigabytes = sized?.memoryGigabytes ?? ask.memoryGigabytes;
  const gpusPerReplica = sized?.gpus ?? 2 ** Math.ceil(Math.log2(Math.max(1, memoryGigabytes / usable)));
  if (sized === undefined && gpusPerReplica > candidate.gpusPerServer) {
    const why = `needs ${memoryGigabytes} GB; a server has ${Math.floor(candidate.gpusPerServer * usable)} GB usable`;
    return { option: candidate.gpu, why };
  }
  const replicas = Math.max(1, Math.ceil(ask.targetPerSecond / (speed * gpusPerReplica) - 1e-9));
  const gpus = replicas * gpusPerReplica;
  const memoryUse = memoryGigabytes / (gpusPerReplica * candidate.memoryGigabytes);
  return {
    gpu: candidate.gpu,
    gpusPerReplica,
    gpus,
    perSecond: gpus * speed,
    usdPerMillion: (candidate.usdPerGpuHour / (speed * 3600)) * 1e6,
    usdPerMonth: gpus * candidate.usdPerGpuHour * hoursPerMonth,
    memoryUse,
    bottleneck: nameBottleneck(gpusPerReplica, replicas, memoryUse),
  };
}

function nameBottleneck(gpusPerReplica: number, replicas: number, memoryUse: number): string {
  if (replicas === 1 && gpusPerReplica > 1) return "memory: one replica already gives the rate";
  if (replicas === 1) return "none: one GPU gives the rate";
  return memoryUse > 0.8 ? "speed, and memory leaves little room for larger batches" : "speed";
}

function askWhatIf(ask: WorkloadAsk, candidates: readonly Candidate[], best: Alignment | undefined): readonly WhatIf[] {
  if (best === undefined) return [];
  const cheapest = (changed: WorkloadAsk): Alignment | undefined =>
    candidates
      .map((candidate) => align(changed, candidate))
      .filter((found): found is Alignment => !("why" in found))
      .sort((left, right) => left.usdPerMonth - right.usdPerMonth)[0];
  const tell = (change: string, changed: WorkloadAsk): WhatIf => {
    const found = cheapest(changed);
    if (found === undefined) return { change, effect: "nothing fits" };
    const delta = Math.round((found.usdPerMonth / best.usdPerMonth - 1) * 100);
    return { change, effect: `${found.gpus} x ${found.gpu}, ${delta >= 0 ? "+" : ""}${delta} % a month` };
  };
  return [
    ...(ask.replicas === undefined
      ? [tell("memory halved (8-bit weights)", { ...ask, memoryGigabytes: ask.memoryGigabytes / 2 })]
      : []),
    tell("twice the load", { ...ask, targetPerSecond: ask.targetPerSecond * 2 }),
    tell("half the load", { ...ask, targetPerSecond: ask.targetPerSecond / 2 }),
  ];
}
