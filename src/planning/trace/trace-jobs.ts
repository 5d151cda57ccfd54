import { isFault } from "../../base/fault.ts";
import type { TraceFormat } from "../../scheduling/simulator/model.ts";
import type { TraceJob } from "../../scheduling/simulator/ports.ts";
import { readTrace } from "../../scheduling/simulator/trace/read-trace.ts";
import { contradictoryPlan, invalidPlan } from "../problems/plan-fault.ts";
import { heldGpus } from "./offered-load.ts";

/** The one pool of a fleet that is planned. */
export const fleetPool = "fleet";

/** Workloads of a trace beyond this are not simulated over and over. */
const jobsMax = 20_000;

/** A trace as a fleet of one GPU sees it. */
export interface FleetTrace {
  readonly jobs: readonly TraceJob[];
  readonly notes: readonly string[];
}

/**
 * Reads a trace for a fleet of one kind of server: what names other hardware (GPU models, pools, racks, tolerations) is put
 * aside, and workloads without GPUs or with a MIG instance are left out, each with a note.
 *
 * @throws {Fault} `planning.plan-invalid` with the row of the trace, `planning.plan-contradictory` when one member is larger than
 * a server, or nothing is left.
 */
export function readFleetTrace(text: string, format: TraceFormat, gpusPerServer: number): FleetTrace {
  const { jobs, notes } = readRows(text, format);
  const withGpus = jobs.filter((job) => heldGpus(job) > 0);
  if (withGpus.length === 0)
    throw contradictoryPlan("trace", "no workload of the trace holds a GPU; there is nothing to pack");
  if (withGpus.length > jobsMax) {
    throw invalidPlan("trace", `at most ${jobsMax} workloads; take a shorter time`, withGpus.length);
  }
  for (const { item } of withGpus) {
    const { gpu } = item.shape;
    if (gpu.kind === "whole" && gpu.count > gpusPerServer) {
      const message = `workload "${item.id}" asks for ${gpu.count} GPUs on one node, and a server has ${gpusPerServer}; split it into members`;
      throw contradictoryPlan("trace", message);
    }
  }
  const first = withGpus.reduce((least, { item }) => Math.min(least, item.submittedAt), Number.POSITIVE_INFINITY);
  const left = jobs.length - withGpus.length;
  return {
    jobs: withGpus.map((job) => ({ ...job, item: toFleetItem(job.item, first) })),
    notes: [
      ...notes,
      ...(left === 0 ? [] : [`${left} workloads without whole GPUs or shares of one are left out`]),
      ...(withGpus.some(isBound)
        ? ["GPU models, pools, racks and tolerations of the trace are put aside: one kind of server"]
        : []),
      "CPUs and memory of a server are taken as enough",
    ],
  };
}

function readRows(text: string, format: TraceFormat): ReturnType<typeof readTrace> {
  try {
    return readTrace(format, text, [fleetPool]);
  } catch (error) {
    if (isFault(error, "scheduling.trace-invalid"))
      throw invalidPlan("trace", `a trace: ${error.message}`, "what the rows say");
    throw error;
  }
}

type Item = TraceJob["item"];

const isBound = ({ item }: TraceJob): boolean =>
  item.shape.gpuModels.length > 0 || item.topology !== null || (item.shape.tolerations?.length ?? 0) > 0;

function toFleetItem(item: Item, first: number): Item {
  return {
    ...item,
    submittedAt: item.submittedAt - first,
    pools: [fleetPool],
    role: "any",
    shape: { ...item.shape, gpuModels: [], tolerations: [], cpuMillis: 0, memory: 0 },
    topology: null,
  };
}
