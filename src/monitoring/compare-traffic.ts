import type { Millis } from "../base/clock.ts";
import { seededRandom } from "../base/random.ts";
import { bootstrap, type Estimates } from "../evaluation/bootstrap.ts";
import { blocksMax } from "../evaluation/block-figures.ts";
import type { ModelReport } from "../evaluation/model.ts";
import { prepareScores } from "../evaluation/prepare-scores.ts";
import type { ServedPrediction } from "../serving/ports.ts";
import { judgeColumn, judgeLabel, judgeQuality, spanOf } from "./judge-drift.ts";
import type { Distribution, DriftMonitorSpec, Finding } from "./model.ts";
import type { ReferenceSample } from "./reference-sample.ts";

/** With fewer outcomes, neither label nor quality is judged. */
const outcomesMin = 500;
const qualityResamples = 200;
const qualityConfidence = 0.95;
const qualitySeed = 1;
const dayMs = 86_400_000;

/** What live traffic is compared with. */
export interface Reference {
  readonly sample: ReferenceSample;
  readonly label: string;
  /** The version's own evaluation: its scores' distribution and figures; null without one. */
  readonly evaluation: ModelReport | null;
}

/** Everything that a look at live traffic finds; `live` is not empty. */
export function compareTraffic(
  live: readonly ServedPrediction[],
  reference: Reference,
  spec: Pick<DriftMonitorSpec, "thresholds" | "inputs">,
): { readonly findings: readonly Finding[]; readonly distributions: readonly Distribution[] } {
  const { thresholds } = spec;
  const spanMs = spanOf(live.map((prediction) => prediction.eventAt));
  const { sample } = reference;
  const judged = [...sample.columns]
    .filter(([column]) => spec.inputs === undefined || spec.inputs.includes(column))
    .map(([column, values]) =>
      judgeColumn(
        {
          column,
          kind: "input",
          reference: values,
          live: Float64Array.from(live, (prediction) => prediction.features[column] ?? Number.NaN),
          moments: sample.moments,
        },
        thresholds.psi,
        spanMs,
      ),
    );
  if (reference.evaluation !== null) {
    const scores = Float64Array.from(live, (prediction) => prediction.probability);
    const before = Float64Array.from(reference.evaluation.quantiles);
    const pair = { column: "prediction", kind: "prediction", reference: before, live: scores, moments: null } as const;
    judged.push(judgeColumn(pair, thresholds.psi, spanMs));
  }
  const known = live.filter((prediction) => prediction.outcome !== null);
  const findings = [...judged.map((each) => each.finding), ...judgeOutcomes(known, reference, thresholds, spanMs)];
  return { findings, distributions: judged.map((each) => each.distribution) };
}

function judgeOutcomes(
  known: readonly ServedPrediction[],
  reference: Reference,
  thresholds: DriftMonitorSpec["thresholds"],
  spanMs: Millis,
): readonly Finding[] {
  if (known.length < outcomesMin) return [];
  const { label, moments } = reference.sample;
  const live = Float64Array.from(known, (prediction) => prediction.outcome ?? 0);
  const pair = { column: reference.label, reference: label, moments, live };
  const findings = [judgeLabel(pair, thresholds.label, spanMs)];
  const isOneSided = !live.includes(0) || !live.includes(1);
  if (reference.evaluation === null || isOneSided) return findings;
  const { metric, worseBy } = thresholds.quality;
  const quality = estimateQuality(known)[metric];
  return [...findings, judgeQuality(metric, reference.evaluation.figures[metric], quality, worseBy)];
}

/** The figures on live outcomes; days count together, since rows of one day share their causes. */
function estimateQuality(known: readonly ServedPrediction[]): Estimates {
  const days = [...new Set(known.map((prediction) => Math.floor(prediction.eventAt / dayMs)))];
  const places = new Map(days.map((day, place) => [day, place]));
  const canBlock = days.length > 1 && days.length <= blocksMax;
  const blockOfRow = canBlock
    ? Uint32Array.from(known, (prediction) => places.get(Math.floor(prediction.eventAt / dayMs)) ?? 0)
    : null;
  const prepared = prepareScores(
    Float32Array.from(known, (prediction) => prediction.probability),
    Uint8Array.from(known, (prediction) => prediction.outcome ?? 0),
  );
  const plan = { resamples: qualityResamples, confidence: qualityConfidence, blockOfRow };
  const [estimates] = bootstrap([prepared], plan, seededRandom(qualitySeed)).models;
  if (estimates === undefined) throw new Error("a bootstrap of one model has one answer");
  return estimates;
}
