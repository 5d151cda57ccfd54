import { seededRandom } from "../../src/base/random.ts";
import type { QuotaNode } from "../../src/scheduling/quota/model.ts";
import type { EngineSettings, WorkItem } from "../../src/scheduling/engine/model.ts";
import { Scheduler } from "../../src/scheduling/engine/scheduler.ts";
import { provenance } from "../provenance.ts";
import { readOptions } from "../../tools/read-options.ts";

/**
 * How long one scheduling cycle takes, in CPU time of this process: 5,000 nodes of 8 GPUs in racks, leaves and blocks, all
 * GPUs held, a queue of 1,000 to 50,000, every cycle some runs end and as many workloads arrive; and a cycle that must
 * find victims among 700 candidates.
 */

const values = readOptions({
  nodes: { type: "string", default: "5000" },
  pending: { type: "string", default: "1000,5000,50000" },
  cycles: { type: "string", default: "300" },
  json: { type: "boolean", default: false },
});
const nodeCount = Number(values.nodes);
const cycleCount = Number(values.cycles);

const minute = 60_000;
const gpusPerNode = 8;
const queueCount = 100;
/** Cycles before the measured ones: the first plans of a long queue take many. */
const warmUpCycles = 150;
/** GPUs of a workload: so that some 20,000 of them fill 40,000 GPUs. */
const sizes = [...new Array<number>(15).fill(1), ...new Array<number>(4).fill(2), 8];
const limits = [30, 60, 120, 240, 480, 1440].map((minutes) => minutes * minute);

const settings: EngineSettings = {
  order: "fair",
  backfill: "conservative",
  placement: "bestfit",
  agingMsPerPoint: 10 * minute,
  assumedRunMs: 24 * 60 * minute,
  planningLooksMax: 40_000,
  isPreemptionOn: true,
  preemptionTriesMax: 4,
  holdMs: 10 * minute,
  stopMs: minute,
  halfLifeMs: 7 * 24 * 60 * minute,
  historyWeight: 1,
  preemptedBeforePenaltySeconds: 600,
};

function queues(): readonly QuotaNode[] {
  return Array.from({ length: queueCount }, (_, index) => ({
    id: `queue-${index}`,
    parent: null,
    weight: 1,
    resources: {},
    policies: { reclaim: "any" as const, preempt: "lower-priority" as const },
  }));
}

function addNodes(engine: Scheduler): void {
  engine.setPool({ id: "train", levels: ["block", "leaf", "rack"], role: "any", floorMillis: 0 });
  for (let index = 0; index < nodeCount; index += 1) {
    const rack = Math.floor(index / 8);
    const leaf = Math.floor(rack / 4);
    engine.setNode({
      id: `node-${String(index).padStart(5, "0")}`,
      pool: "train",
      gpuModel: "H100",
      gpus: gpusPerNode,
      cpuMillis: 128_000,
      memory: 1e12,
      domains: [`block-${Math.floor(leaf / 16)}`, `leaf-${leaf}`, `rack-${rack}`],
      state: "ready",
    });
  }
}

/** Draws workloads: mostly one or two GPUs, some whole nodes, one in a hundred a gang with a wish for its topology. */
function arrivalsOf(seed: number) {
  const random = seededRandom(seed);
  const pick = <Value>(list: readonly Value[], fallback: Value): Value =>
    list[Math.floor(random.next() * list.length)] ?? fallback;
  let count = 0;
  return {
    random,
    next(at: number): WorkItem {
      count += 1;
      const isGang = random.next() < 0.01;
      const gpus = isGang ? gpusPerNode : pick(sizes, 1);
      const members = isGang ? pick([2, 4, 8], 2) : 1;
      return {
        id: `w${count}`,
        name: `TrainingJob/w${count}`,
        queue: `queue-${Math.floor(random.next() * queueCount)}`,
        role: "training",
        pools: ["train"],
        priority: 50,
        submittedAt: at,
        shape: {
          gpu: { kind: "whole", count: gpus },
          gpuModels: [],
          cpuMillis: gpus * pick([4000, 8000, 12_000], 4000),
          memory: gpus * 64e9,
        },
        members: { min: members, max: members },
        topology: isGang ? pick([null, { required: "leaf" }, { preferred: "rack" }], null) : null,
        limitMs: pick(limits, minute),
        forecast: null,
        isPreemptible: false,
        minRuntimeMs: 0,
        restartMs: 0,
        timesPreempted: 0,
      };
    },
  };
}

/** CPU milliseconds that a call takes. */
function cpuMs(call: () => void): number {
  const before = process.cpuUsage();
  call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

interface CycleRow {
  readonly pending: number;
  readonly running: number;
  readonly startsPerCycle: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly microsPerStart: number;
}

function measureCycles(pending: number): CycleRow {
  const engine = new Scheduler(settings, queues());
  addNodes(engine);
  const arrivals = arrivalsOf(7);
  const items = new Map<string, WorkItem>();
  const ends: { readonly id: string; readonly at: number }[] = [];
  let now = 0;
  let starts = 0;
  const submit = (): void => {
    const item = arrivals.next(now);
    items.set(item.id, item);
    engine.submit(item);
  };
  const cycle = (): void => {
    for (const { id } of engine.cycle(now).starts) {
      ends.push({ id, at: now + (items.get(id)?.limitMs ?? 0) * (0.2 + 0.8 * arrivals.random.next()) });
      starts += 1;
    }
  };
  while (engine.waitingCount < 1000) {
    for (let index = 0; index < 500; index += 1) submit();
    cycle();
  }
  const times: number[] = [];
  for (let turn = -warmUpCycles; turn < cycleCount; turn += 1) {
    now += 10_000;
    if (turn === 0) starts = 0;
    for (let index = ends.length - 1; index >= 0; index -= 1) {
      const end = ends[index];
      if (end === undefined || end.at > now) continue;
      ends.splice(index, 1);
      engine.finish(end.id, now);
    }
    while (engine.waitingCount < pending) submit();
    const took = cpuMs(cycle);
    if (turn >= 0) times.push(took);
  }
  const total = times.reduce((sum, took) => sum + took, 0);
  times.sort((left, right) => left - right);
  return {
    pending,
    running: engine.runningCount,
    startsPerCycle: starts / cycleCount,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    microsPerStart: (total / Math.max(1, starts)) * 1000,
  };
}

interface VictimRow {
  readonly asked: string;
  readonly evictions: number;
  readonly cpuMs: number;
}

/** One cycle that must choose victims among 700 candidates, for four kinds of askers. */
function measureVictims(candidates: number): readonly VictimRow[] {
  const engine = new Scheduler({ ...settings, preemptionTriesMax: 1 }, queues());
  addNodes(engine);
  const arrivals = arrivalsOf(7);
  const base = arrivals.next(0);
  const shape = (count: number): WorkItem["shape"] => ({ ...base.shape, gpu: { kind: "whole", count } });
  const queue = "queue-0";
  const runs = nodeCount * 4;
  for (let index = 0; index < runs; index += 1) {
    const isPreemptible = index % Math.floor(runs / candidates) === 0;
    const changes = { queue, priority: 10, isPreemptible, limitMs: 600 * minute, members: { min: 1, max: 1 } };
    engine.submit({ ...base, ...changes, id: `run-${index}`, shape: shape(2), topology: null });
  }
  engine.cycle(0);
  const askers = [
    ["one GPU", 1, 1, null],
    ["16 members of 2 GPUs", 2, 16, null],
    ["4 members of 2 GPUs under one leaf", 2, 4, { required: "leaf" }],
    ["200 members of 2 GPUs", 2, 200, null],
  ] as const;
  return askers.map(([asked, gpus, members, topology]) => {
    const changes = { queue, priority: 90, submittedAt: minute, topology, members: { min: members, max: members } };
    engine.submit({ ...base, ...changes, id: asked, shape: shape(gpus) });
    let evictions = 0;
    const took = cpuMs(() => {
      evictions = engine.cycle(minute).evictions.length;
    });
    return { asked, evictions, cpuMs: took };
  });
}

const cycles = values.pending.split(",").map((pending) => {
  process.stderr.write(`  ${pending} pending\n`);
  return measureCycles(Number(pending));
});
const victims = measureVictims(700);
if (values.json) process.stdout.write(`${JSON.stringify({ nodes: nodeCount, cycles, victims })}\n`);
else {
  const lines = [
    `| pending | running | starts a cycle | p50 ms | p99 ms | µs per start |`,
    "|---|---|---|---|---|---|",
    ...cycles.map(
      (row) =>
        `| ${row.pending} | ${row.running} | ${row.startsPerCycle.toFixed(1)} | ${row.p50Ms.toFixed(1)} | ${row.p99Ms.toFixed(1)} | ${row.microsPerStart.toFixed(0)} |`,
    ),
    "",
    "| asked, with 700 candidates | evictions | ms |",
    "|---|---|---|",
    ...victims.map((row) => `| ${row.asked} | ${row.evictions} | ${row.cpuMs.toFixed(0)} |`),
    "",
    ...provenance().map((line) => `- ${line}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
