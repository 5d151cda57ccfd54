import { readdirSync } from "node:fs";
import { readTable } from "./read-table.ts";
import { type Score, scoreRows } from "./score.ts";

const judged: ReadonlySet<string> = new Set([
  "fabric_superpod.csv",
  "inference_mlperf.csv",
  "inference_silicon.csv",
  "inference_trtllm.csv",
  "kernel_attention.csv",
  "kernel_collectives.csv",
  "kernel_gemm.csv",
  "memory_measured.csv",
  "reliability.csv",
  "tco_gpu_hour.csv",
  "training_throughput.csv",
]);

/** Tables of the folder that no judge knows: they are named with their rows, so that nothing is left out in silence. */
export function listUnknownTables(folder: string): readonly Score[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".csv") && !judged.has(name))
    .toSorted()
    .map((name) => {
      const rows = readTable(folder, name).length;
      return scoreRows(
        name.replace(/\.csv$/, ""),
        "none",
        [],
        { "the table is not known to this benchmark": rows },
        true,
      );
    });
}
