import { isFault } from "../../src/base/fault.ts";
import {
  predictServing,
  predictSplitServing,
  type ServingPrediction,
} from "../../src/planning/inference/predict-serving.ts";
import { replicaGpus } from "../../src/planning/inference/serving-job.ts";
import { servingMemory } from "../../src/planning/inference/serving-memory.ts";
import { countNotes, type Exclusions, type Judged, type Score, scoreRows } from "./score.ts";
import { standInWords, widenJudged } from "./stand-ins.ts";
import { type DisaggregatedRow, type ServingRow, servingRows } from "./serving-rows.ts";

type Row = ServingRow | DisaggregatedRow;

interface Predicted {
  readonly row: Row;
  readonly prediction: ServingPrediction;
}

function predict(row: Row): ServingPrediction {
  if (!("prefill" in row)) return predictServing(row.job, row.shape, row.concurrency);
  const { prefill, job: decode, prefillWorkers, decodeWorkers } = row;
  return predictSplitServing({ prefill, decode, prefillWorkers, decodeWorkers }, row.shape, row.concurrency);
}

/** The prediction, or why there is none. */
function attempt(row: Row): ServingPrediction | string {
  try {
    return predict(row);
  } catch (error) {
    if (isFault(error)) return error.message.replaceAll(/\d+/g, "#").slice(0, 80);
    throw error;
  }
}

/** The kind of serving that a row is scored as: what the table calls it. */
export function modeOf(row: Row): string {
  if (row.isCalledSplit) return "disaggregated";
  if (row.isAmbiguous) return "ambiguous layout";
  return row.job.model.experts === undefined ? "dense" : "experts";
}

function judged(rows: readonly Predicted[], metric: "tpot" | "ttft"): readonly Judged[] {
  return rows.flatMap(({ row, prediction }) => {
    const measured = metric === "tpot" ? row.tpot : row.ttft;
    if (measured === undefined) return [];
    const estimate = metric === "tpot" ? prediction.tpotSeconds : prediction.ttftSeconds;
    const { job, shape } = row;
    const group = `${job.model.name} ${job.accelerator.name} ${job.engine} ${job.precision} ${shape.inputTokens} ${shape.outputTokens} ${row.concurrency} ${replicaGpus(job.layout)}`;
    const { likely, low, high } = estimate;
    return [widenJudged({ id: row.id, measured, predicted: likely, low, high, group }, row.standIns, job)];
  });
}

const notesOf = (rows: readonly Predicted[]): Pick<Score, "notes"> =>
  countNotes(rows.map(({ row }) => standInWords(row)));

/** Scores served models in a closed loop: time to the first token and a token after it, by kind of serving. */
export function judgeServing(folder: string): readonly Score[] {
  const all = servingRows(folder, "planned");
  const excluded: Record<string, number> = {};
  const exclude = (mode: string, reason: string): void => {
    excluded[`${mode}: ${reason}`] = (excluded[`${mode}: ${reason}`] ?? 0) + 1;
  };
  const predicted: Predicted[] = [];
  for (const row of all) {
    if ("excluded" in row) exclude(row.mode, row.excluded);
    else if (servingMemory(row.job, row.shape, "prefill" in row).requestsMax < 1)
      exclude(modeOf(row), "by our memory model the weights do not fit");
    else {
      const prediction = attempt(row);
      if (typeof prediction === "string") exclude(modeOf(row), prediction);
      else predicted.push({ row, prediction });
    }
  }
  const metrics = (table: string, rows: readonly Predicted[], reasons: Exclusions): readonly Score[] => [
    { ...scoreRows(table, "TPOT", judged(rows, "tpot"), reasons, true), ...notesOf(rows) },
    { ...scoreRows(table, "TTFT", judged(rows, "ttft"), {}, true), ...notesOf(rows) },
  ];
  const recalled = predicted.filter(({ row }) => row.how === "recalled");
  const read = predicted.filter(({ row }) => row.how !== "recalled");
  const modes = [...Map.groupBy(read, ({ row }) => modeOf(row))];
  return [
    ...metrics("inference_silicon", read, excluded),
    ...modes.flatMap(([mode, rows]) => metrics(`inference_silicon (${mode})`, rows, {})),
    ...(recalled.length === 0 ? [] : metrics("inference_silicon (recalled)", recalled, {})),
  ];
}
