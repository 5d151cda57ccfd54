import { predictGoodput } from "../../src/planning/training/goodput.ts";
import { numberIn, readTable } from "./read-table.ts";
import { type Score, scoreRows } from "./score.ts";

/** Scores the mean time to interruption at 16,384 accelerators from the published hazard; recalled rows are left out. */
export function judgeReliability(folder: string): readonly Score[] {
  const rows = readTable(folder, "reliability.csv");
  const hazard = rows.find((row) => (row["name"] ?? "").includes("GPU-level hazard"));
  const measured = rows.find((row) => (row["name"] ?? "").includes("MTTI") && row["how"] !== "recalled");
  const [hours, mean] = [hazard, measured].map((row) => (row === undefined ? undefined : numberIn(row, "value")));
  const gpus = Number(/at (\d+) GPUs/.exec(measured?.["unit"] ?? "")?.[1]);
  if (hours === undefined || mean === undefined || !Number.isFinite(gpus)) return [];
  const goodput = predictGoodput({ gpus, gpuHoursPerInterruption: hours, checkpointSeconds: 30, restartSeconds: 600 });
  const predicted = goodput.meanSecondsToInterruption / 3600;
  const judged = [{ id: "mtti", measured: mean, predicted, low: predicted * 0.9, high: predicted * 1.1 }];
  return [
    scoreRows(
      "reliability",
      "hours to interruption",
      judged,
      { "not a prediction of this model": rows.length - 1 },
      false,
    ),
  ];
}
