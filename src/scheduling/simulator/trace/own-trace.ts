import type { GpuAsk, TopologyAsk, WorkItem } from "../../engine/model.ts";
import { wholeGpu } from "../../engine/model.ts";
import type { TraceJob } from "../ports.ts";
import { type CsvColumns, readCsvTable } from "./csv-table.ts";
import { RowReader } from "./row-reader.ts";
import { anySeconds, cpusRange, gpusRange, membersRange, someSeconds } from "./trace-limits.ts";
import { TraceProblems } from "./trace-problems.ts";

const columns: CsvColumns = {
  required: ["id", "submit_s", "duration_s"],
  optional: [
    [
      "name",
      "queue",
      "user",
      "role",
      "pools",
      "priority",
      "members",
      "members_max",
      "gpus",
      "gpu_milli",
      "mig_profile",
    ],
    ["gpu_models", "cpus", "memory", "limit_s", "p50_s", "p90_s", "checkpoint_s", "restart_s", "min_runtime_s"],
    ["preemptible", "topology_required", "topology_preferred", "slice_size", "slice_level", "tolerations"],
  ].flat(),
};

/** The columns of our own trace format, for its documentation. */
export const ownTraceColumns: readonly string[] = [...columns.required, ...columns.optional];

/** The priority of a row that names none. */
const usualPriority = 50;
const roles = ["development", "training", "evaluation", "serving", "any"] as const;

/**
 * Reads a trace in our own format, rows in order of submission; `docs/guides/simulate.md` describes the columns.
 *
 * @param pools where workloads may run whose row names no pool.
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readOwnTrace(text: string, pools: readonly string[]): readonly TraceJob[] {
  const problems = new TraceProblems();
  const ids = new Set<string>();
  let latest = 0;
  const jobs = readCsvTable(text, columns, problems).map((row) => {
    const reader = new RowReader(row, problems);
    const job = readJob(reader, pools);
    const { id, submittedAt } = job.item;
    if (ids.has(id)) reader.refuse("id", `"${id}" stands there twice`);
    ids.add(id);
    if (submittedAt < latest) {
      reader.refuse("submit_s", `the clock jumps back from ${latest / 1000} to ${submittedAt / 1000}; sort the rows`);
    }
    latest = Math.max(latest, submittedAt);
    return job;
  });
  problems.throwIfAny();
  return jobs;
}

function readJob(row: RowReader, pools: readonly string[]): TraceJob {
  const id = row.name("id");
  const min = row.number("members", { ...membersRange, ifEmpty: 1 });
  const max = row.number("members_max", { ...membersRange, min, ifEmpty: min });
  const item: WorkItem = {
    id,
    name: row.text("name") || id,
    queue: row.text("queue") || "default",
    role: row.choice("role", roles, "training"),
    pools: readPools(row, pools),
    priority: row.number("priority", { min: 0, max: 100, ifEmpty: usualPriority }),
    submittedAt: row.seconds("submit_s", anySeconds),
    shape: {
      gpu: readGpuAsk(row),
      gpuModels: row.words("gpu_models"),
      cpuMillis: Math.round(row.number("cpus", { ...cpusRange, ifEmpty: 0 }) * 1000),
      memory: row.size("memory"),
      tolerations: row.words("tolerations"),
    },
    members: { min, max },
    topology: readTopology(row, max),
    limitMs: row.secondsOrNull("limit_s", someSeconds),
    forecast: readForecast(row),
    isPreemptible: row.choice("preemptible", ["true", "false"], "true") === "true",
    minRuntimeMs: row.seconds("min_runtime_s", { ...anySeconds, ifEmpty: 0 }),
    restartMs: row.seconds("restart_s", { ...anySeconds, ifEmpty: 0 }),
    timesPreempted: 0,
  };
  return {
    item,
    user: row.text("user"),
    durationMs: row.seconds("duration_s", anySeconds),
    checkpointEveryMs: row.secondsOrNull("checkpoint_s", someSeconds),
  };
}

function readPools(row: RowReader, pools: readonly string[]): readonly string[] {
  const named = row.words("pools");
  const unknown = named.filter((name) => !pools.includes(name));
  if (unknown.length > 0) row.refuse("pools", `no pool ${unknown.join(", ")}; there are ${pools.join(", ")}`);
  return named.length === 0 ? pools : named;
}

function readGpuAsk(row: RowReader): GpuAsk {
  const count = row.number("gpus", { ...gpusRange, ifEmpty: 0 });
  const millis = row.number("gpu_milli", { min: 0, max: wholeGpu, isWhole: true, ifEmpty: 0 });
  const profile = row.text("mig_profile");
  const asked = [count > 0 ? "gpus" : "", millis > 0 ? "gpu_milli" : "", profile === "" ? "" : "mig_profile"];
  const named = asked.filter((column) => column !== "");
  if (named.length > 1) row.refuse(named[1] ?? "gpus", `a row has only one of ${named.join(", ")}`);
  if (profile !== "") return { kind: "mig", profile };
  if (millis === wholeGpu) return { kind: "whole", count: 1 };
  if (millis > 0) return { kind: "share", millis };
  return count > 0 ? { kind: "whole", count } : { kind: "none" };
}

function readTopology(row: RowReader, members: number): TopologyAsk | null {
  const required = row.text("topology_required");
  const preferred = row.text("topology_preferred");
  const level = row.text("slice_level");
  const size = row.number("slice_size", { ...membersRange, min: 0, ifEmpty: 0 });
  if ((level === "") !== (size === 0)) row.refuse("slice_level", "slice_size and slice_level go together");
  if (size > 0 && members % size !== 0) row.refuse("slice_size", `${members} members are no groups of ${size}`);
  if (required === "" && preferred === "" && level === "") return null;
  return {
    ...(required === "" ? {} : { required }),
    ...(preferred === "" ? {} : { preferred }),
    ...(level === "" ? {} : { slice: { size, level } }),
  };
}

function readForecast(row: RowReader): WorkItem["forecast"] {
  const p50Ms = row.secondsOrNull("p50_s", anySeconds);
  const p90Ms = row.secondsOrNull("p90_s", anySeconds);
  if ((p50Ms === null) !== (p90Ms === null)) row.refuse("p90_s", "p50_s and p90_s go together");
  if (p50Ms === null || p90Ms === null) return null;
  if (p90Ms < p50Ms) row.refuse("p90_s", `wanted at least p50_s (${p50Ms / 1000}), found ${p90Ms / 1000}`);
  return { p50Ms, p90Ms };
}
