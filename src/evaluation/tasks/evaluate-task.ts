/**
 * The program of an evaluation: reads `task.json` in its folder, scores the candidate (and the champion) on the
 * evaluation rows, and writes `report.json` there, whole or not at all. It gives figures; the gate judges elsewhere.
 *
 * Ends with 0 when it wrote a report, also when the report says that the model cannot be scored; anything else is a
 * failure of the evaluation, not of the model.
 */
import { readFile } from "node:fs/promises";
import { Fault } from "../../base/fault.ts";
import { seededRandom } from "../../base/random.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import { readEvaluationData, type EvaluationData } from "../drivers/evaluation-data.ts";
import { openOnnxScorer } from "../drivers/onnx-scorer.ts";
import { measure, type ScoredModel } from "../measure.ts";
import { type EvaluationTask, evaluationTaskSchema, reportFileName, type TaskReport } from "../model.ts";

/** Measures how long each step takes. */
class Stopwatch {
  readonly seconds: Record<string, number> = {};

  async time<Value>(step: string, run: () => Promise<Value>): Promise<Value> {
    const start = performance.now();
    const value = await run();
    this.seconds[step] = Math.round(performance.now() - start) / 1000;
    console.log(`${step}: ${this.seconds[step]} s`);
    return value;
  }
}

async function evaluate(task: EvaluationTask): Promise<TaskReport> {
  const watch = new Stopwatch();
  const data = await watch.time("read", async () => await readEvaluationData(task));
  console.log(`${data.labels.length} rows, inputs ${[...data.inputs.keys()].join(", ")}`);
  const [candidate, ...others] = await scoreModels(task, data, watch);
  if (candidate === undefined || "leftOut" in candidate) throw new Error("the task names no candidate");
  const champions = others.filter((model): model is ScoredModel => !("leftOut" in model));
  const leftOut = others.find((model): model is LeftOut => "leftOut" in model);
  const models = [candidate, { role: "baseline", versionId: null, scores: data.baseline } as const, ...champions];
  const { resamples, confidence, seed } = task;
  const plan = { resamples, confidence, blockOfRow: data.blockOfRow };
  const measured = await watch.time("measure", async () => measure(data.labels, models, plan, seededRandom(seed)));
  const championLeftOut = leftOut?.leftOut ?? null;
  return { kind: "measured", measurement: { ...measured, championLeftOut, seconds: watch.seconds } };
}

interface LeftOut {
  readonly leftOut: string;
}

async function scoreModels(
  task: EvaluationTask,
  data: EvaluationData,
  watch: Stopwatch,
): Promise<readonly (ScoredModel | LeftOut)[]> {
  const scored: (ScoredModel | LeftOut)[] = [];
  for (const model of task.models) {
    const found = await watch.time(`score ${model.role}`, async () => await scoreModel(task, model, data));
    scored.push(found);
  }
  return scored;
}

/** A champion that cannot be scored on these rows is left out; the candidate must fit. */
async function scoreModel(
  task: EvaluationTask,
  model: EvaluationTask["models"][number],
  data: EvaluationData,
): Promise<ScoredModel | LeftOut> {
  try {
    const scorer = await openOnnxScorer(model, data.available, task.threads);
    const scores = await scorer.score(model.inputs.map((input) => data.inputs.get(input) ?? new Float32Array()));
    await scorer.release();
    return { role: model.role, versionId: model.versionId, scores };
  } catch (error) {
    if (model.role === "candidate" || !(error instanceof Fault)) throw error;
    console.log(`the champion ${model.name} is left out: ${error.message}`);
    return { leftOut: `the champion ${model.name} could not be scored: ${error.message}` };
  }
}

async function main(): Promise<void> {
  const task = evaluationTaskSchema.parse(JSON.parse(await readFile("task.json", "utf8")));
  let report: TaskReport;
  try {
    report = await evaluate(task);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    console.log(error.message);
    report = { kind: "unfit", code: error.code, message: error.message };
  }
  await writeFileAtomically(reportFileName, JSON.stringify(report));
}

await main();
