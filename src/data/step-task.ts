import type { Bytes } from "../base/units.ts";
import type { DatasetSpec, PipelineStep } from "./model.ts";
import type { FileStamp } from "./store.ts";

/** A table that a step reads: the version of a dataset, which must still be the file that was read. */
export interface StepTaskTable {
  readonly name: string;
  readonly dataset: string;
  readonly version: number;
  readonly path: string;
  readonly source: FileStamp;
}

/** The task file: everything that a step's program reads; paths are absolute. */
export interface StepTask {
  readonly step: Pick<PipelineStep, "name" | "sql">;
  readonly tables: readonly StepTaskTable[];
  /** Where the rows go, whole or not at all. */
  readonly path: string;
  /** The rules that the rows are checked against, and their hash. */
  readonly output: DatasetSpec;
  readonly checkHash: string;
  readonly threads: number;
  /** For the SQL engine; less than what the process may use. */
  readonly memory: Bytes;
}

/** In the step's folder: what its program reads, and what it writes. */
export const stepTaskFile = "task.json";
export const stepReportFile = "report.json";

/** The exit code of a program that found no room even for its report. */
export const exitDiskFull = 28;

/** Where rows lie that are still being written, and what the engine spills meanwhile. */
export function unfinishedPaths(path: string): { readonly rows: string; readonly spill: string } {
  return { rows: `${path}.partial`, spill: `${path}.spill` };
}
