import type { GpuAsk } from "../../engine/model.ts";
import { type TaskShape, wholeGpuMillis } from "../../placement/task-shape.ts";
import type { TraceJob } from "../ports.ts";
import { type CsvColumns, readCsvTable } from "./csv-table.ts";
import { plainItem } from "./plain-item.ts";
import { RowReader } from "./row-reader.ts";
import { anySeconds } from "./trace-limits.ts";
import { TraceProblems } from "./trace-problems.ts";

/** One node of an openb node list. */
export interface OpenbNode {
  readonly name: string;
  readonly cpuMillis: number;
  /** MiB. */
  readonly memory: number;
  readonly gpus: number;
  /** Empty without GPUs. */
  readonly gpuModel: string;
}

/** One pod of an openb pod list without its times; its memory is in MiB. */
export interface OpenbPod extends TaskShape {
  readonly name: string;
}

const nodeColumns: CsvColumns = {
  required: ["sn", "cpu_milli", "memory_mib", "gpu", "model"],
  optional: [],
  others: "left-out",
};
const podColumns: CsvColumns = {
  required: ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"],
  optional: ["gpu_spec"],
  others: "left-out",
};
const timedColumns: CsvColumns = {
  required: [...podColumns.required, "creation_time", "deletion_time"],
  optional: [...podColumns.optional, "qos", "scheduled_time"],
  others: "left-out",
};

const bytesPerMib = 1024 ** 2;
/** The most GPUs that one node or pod may have. */
const gpusRange = { min: 0, max: 64, isWhole: true } as const;
/** A million CPUs and a pebibyte: more than any node has. */
const cpuMillisRange = { min: 0, max: 1e9, isWhole: true } as const;
const memoryMibRange = { min: 0, max: 1e9, isWhole: true } as const;

/**
 * Reads an openb node list: columns `sn, cpu_milli, memory_mib, gpu, model` in any order, others left out.
 *
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readOpenbNodes(text: string): readonly OpenbNode[] {
  return readRows(text, nodeColumns, (row) => {
    const gpus = row.number("gpu", gpusRange);
    const gpuModel = row.text("model");
    if (gpus > 0 && gpuModel === "") row.refuse("model", "wanted the GPU model of a node with GPUs, found nothing");
    return {
      name: row.name("sn"),
      cpuMillis: row.number("cpu_milli", cpuMillisRange),
      memory: row.number("memory_mib", memoryMibRange),
      gpus,
      gpuModel,
    };
  });
}

/**
 * Reads an openb pod list: columns `name, cpu_milli, memory_mib, num_gpu, gpu_milli` and, where it has one, `gpu_spec` (models
 * separated by `|`, empty: any), in any order, others left out.
 *
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readOpenbPods(text: string): readonly OpenbPod[] {
  return readRows(text, podColumns, readPod);
}

/**
 * Reads pods of the openb traces with their times: the columns of a pod list and creation_time, deletion_time and, where
 * it has them, qos and scheduled_time, times in seconds; others are left out. A pod runs from when it was scheduled (a
 * pending one: from its creation) to its deletion; its class of service is its queue. Rows may come in any order.
 *
 * @param pools where the pods may run.
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readOpenbTrace(text: string, pools: readonly string[]): readonly TraceJob[] {
  const ids = new Set<string>();
  return readRows(text, timedColumns, (row) => {
    const job = readTimedPod(row, pools);
    if (ids.has(job.item.id)) row.refuse("name", `"${job.item.id}" stands there twice`);
    ids.add(job.item.id);
    return job;
  });
}

function readRows<Value>(text: string, columns: CsvColumns, toValue: (row: RowReader) => Value): readonly Value[] {
  const problems = new TraceProblems();
  const values = readCsvTable(text, columns, problems).map((row) => toValue(new RowReader(row, problems)));
  if (values.length === 0 && problems.count === 0) problems.add(1, null, "wanted a row below the heading, found none");
  problems.throwIfAny();
  return values;
}

function readPod(row: RowReader): OpenbPod {
  const gpus = row.number("num_gpu", gpusRange);
  const gpuMillis = row.number("gpu_milli", { min: gpus > 0 ? 1 : 0, max: wholeGpuMillis, isWhole: true });
  if (gpus > 1 && gpuMillis !== wholeGpuMillis)
    row.refuse("gpu_milli", `wanted ${wholeGpuMillis} for ${gpus} GPUs, found ${gpuMillis}`);
  const gpuModels = row.isEmpty("gpu_spec") ? [] : row.text("gpu_spec").split("|");
  if (gpuModels.includes(""))
    row.refuse("gpu_spec", `wanted GPU models separated by single |, found "${row.text("gpu_spec")}"`);
  return {
    name: row.name("name"),
    cpuMillis: row.number("cpu_milli", cpuMillisRange),
    memory: row.number("memory_mib", memoryMibRange),
    gpus,
    gpuMillis,
    gpuModels,
  };
}

function readTimedPod(row: RowReader, pools: readonly string[]): TraceJob {
  const { name, gpuModels, cpuMillis, memory, ...pod } = readPod(row);
  const createdMs = row.seconds("creation_time", anySeconds);
  const scheduledMs = row.secondsOrNull("scheduled_time", anySeconds) ?? createdMs;
  const deletedMs = row.seconds("deletion_time", anySeconds);
  if (scheduledMs < createdMs) row.refuse("scheduled_time", "the clock jumps back: it lies before creation_time");
  if (deletedMs < scheduledMs) row.refuse("deletion_time", "the clock jumps back: it lies before the pod began");
  const shape = { gpu: toGpuAsk(pod), gpuModels, cpuMillis, memory: memory * bytesPerMib };
  return {
    item: plainItem({ id: name, name, queue: row.text("qos") || "default", pools, submittedAt: createdMs, shape }),
    user: "",
    durationMs: Math.max(0, deletedMs - scheduledMs),
    checkpointEveryMs: null,
  };
}

function toGpuAsk({ gpus, gpuMillis }: Pick<OpenbPod, "gpus" | "gpuMillis">): GpuAsk {
  if (gpus === 0) return { kind: "none" };
  return gpuMillis === wholeGpuMillis ? { kind: "whole", count: gpus } : { kind: "share", millis: gpuMillis };
}
