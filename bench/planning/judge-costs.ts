import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type JudgedFigure, judgeFabric } from "./judge-fabric.ts";
import { judgeGpuHour } from "./judge-gpu-hour.ts";

/** Scores fabric counts and dollars per GPU-hour on a folder of tables: `node bench/planning/judge-costs.ts DIR`. */
function readRows(folder: string, name: string): readonly Readonly<Record<string, string>>[] {
  const path = join(folder, name);
  if (!existsSync(path)) return [];
  const [head = [], ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/).map(splitLine);
  return rows.map((cells) => Object.fromEntries(head.map((column, at) => [column, cells[at] ?? ""])));
}

function splitLine(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** Error in percent; a published zero allows only a predicted zero. */
function errorOf({ measured, predicted }: JudgedFigure): number {
  if (measured === 0) return predicted === 0 ? 0 : 100;
  return (predicted / measured - 1) * 100;
}

function print(table: string, judged: readonly JudgedFigure[], excluded: Readonly<Record<string, number>>): void {
  const sizes = judged.map((each) => Math.abs(errorOf(each)));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const inside = judged.filter((each) => each.measured >= each.low && each.measured <= each.high).length;
  console.log(
    `${table}: n ${judged.length}, MAPE ${mean(sizes).toFixed(2)} %, worst ${Math.max(...sizes).toFixed(1)} %, bias ${mean(judged.map(errorOf)).toFixed(2)} %, inside interval ${((100 * inside) / judged.length).toFixed(0)} %, excluded ${JSON.stringify(excluded)}`,
  );
  for (const each of judged) {
    if (errorOf(each) === 0) continue;
    console.log(
      `  ${each.id} ${each.metric}: ${each.predicted.toFixed(2)} for ${each.measured} (${errorOf(each).toFixed(1)} %)`,
    );
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write("name the folder of the tables: node bench/planning/judge-costs.ts DIR\n");
  process.exit(2);
}
const fabric = judgeFabric(readRows(folder, "fabric_superpod.csv"));
print("fabric_superpod", fabric.judged, fabric.excluded);
const hour = judgeGpuHour(readRows(folder, "tco_gpu_hour.csv"));
print("tco_gpu_hour", hour.judged, hour.excluded);
