import type { GpuAsk } from "../../engine/model.ts";
import { wholeGpu } from "../../engine/model.ts";
import type { TraceJob } from "../ports.ts";
import { type CsvColumns, readCsvTable } from "./csv-table.ts";
import { plainItem } from "./plain-item.ts";
import { RowReader } from "./row-reader.ts";
import { anySeconds, gpusRange } from "./trace-limits.ts";
import { TraceProblems } from "./trace-problems.ts";

const columns: CsvColumns = {
  required: ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "creation_time", "deletion_time"],
  optional: ["gpu_spec", "qos", "pod_phase", "scheduled_time"],
};

const bytesPerMib = 1024 ** 2;
/** A million CPUs and a pebibyte: more than any node has. */
const cpuMillisMax = 1e9;
const memoryMibMax = 1e9;

/**
 * Reads pods of the openb traces with their times: columns name, cpu_milli, memory_mib, num_gpu, gpu_milli, gpu_spec,
 * qos, pod_phase, creation_time, deletion_time, scheduled_time, times in seconds. A pod runs from when it was
 * scheduled (a pending one: from its creation) to its deletion; its class of service is its queue. Rows may come in
 * any order.
 *
 * @param pools where the pods may run.
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readOpenbTrace(text: string, pools: readonly string[]): readonly TraceJob[] {
  const problems = new TraceProblems();
  const ids = new Set<string>();
  const jobs = readCsvTable(text, columns, problems).map((row) => {
    const reader = new RowReader(row, problems);
    const job = readPod(reader, pools);
    if (ids.has(job.item.id)) reader.refuse("name", `"${job.item.id}" stands there twice`);
    ids.add(job.item.id);
    return job;
  });
  problems.throwIfAny();
  return jobs;
}

function readPod(row: RowReader, pools: readonly string[]): TraceJob {
  const id = row.name("name");
  const createdMs = row.seconds("creation_time", anySeconds);
  const scheduledMs = row.secondsOrNull("scheduled_time", anySeconds) ?? createdMs;
  const deletedMs = row.seconds("deletion_time", anySeconds);
  if (scheduledMs < createdMs) row.refuse("scheduled_time", "the clock jumps back: it lies before creation_time");
  if (deletedMs < scheduledMs) row.refuse("deletion_time", "the clock jumps back: it lies before the pod began");
  return {
    item: plainItem({
      id,
      name: id,
      queue: row.text("qos") || "default",
      pools,
      submittedAt: createdMs,
      shape: {
        gpu: readGpuAsk(row),
        gpuModels: row.words("gpu_spec"),
        cpuMillis: row.number("cpu_milli", { min: 0, max: cpuMillisMax, isWhole: true }),
        memory: row.number("memory_mib", { min: 0, max: memoryMibMax, isWhole: true }) * bytesPerMib,
      },
    }),
    user: "",
    durationMs: Math.max(0, deletedMs - scheduledMs),
    checkpointEveryMs: null,
  };
}

function readGpuAsk(row: RowReader): GpuAsk {
  const count = row.number("num_gpu", gpusRange);
  const millis = row.number("gpu_milli", { min: 0, max: wholeGpu, isWhole: true });
  if (count === 0) return { kind: "none" };
  if (count > 1 && millis !== wholeGpu)
    row.refuse("gpu_milli", `wanted ${wholeGpu} for ${count} GPUs, found ${millis}`);
  if (millis === 0) row.refuse("gpu_milli", "wanted more than 0 for a pod with a GPU, found 0");
  return millis === wholeGpu ? { kind: "whole", count } : { kind: "share", millis: Math.max(1, millis) };
}
