import { unreachable } from "../../../base/exhaustive.ts";
import type { TraceFormat } from "../model.ts";
import type { TraceJob } from "../ports.ts";
import { readOpenbTrace } from "./openb-trace.ts";
import { readOwnTrace } from "./own-trace.ts";
import { readPhillyTrace } from "./philly-trace.ts";

/** The workloads of a trace, and what a reader of the results should know about how it was read. */
export interface Trace {
  readonly jobs: readonly TraceJob[];
  readonly notes: readonly string[];
}

/**
 * Reads a trace in one of the formats.
 *
 * @param pools where workloads may run whose row names no pool.
 * @throws {Fault} `scheduling.trace-invalid` naming the row and column of what is wrong.
 */
export function readTrace(format: TraceFormat, text: string, pools: readonly string[]): Trace {
  switch (format) {
    case "own":
      return { jobs: readOwnTrace(text, pools), notes: [] };
    case "philly":
      return readPhilly(text, pools);
    case "openb":
      return { jobs: readOpenbTrace(text, pools), notes: [] };
    default:
      return unreachable(format);
  }
}

function readPhilly(text: string, pools: readonly string[]): Trace {
  const { jobs, filled } = readPhillyTrace(text, pools);
  if (filled.size === 0) return { jobs, notes: [] };
  const note = `${filled.size} of ${jobs.length} jobs have no duration in the trace and take that of a neighbour`;
  return { jobs, notes: [note] };
}
