import type { Random } from "../base/random.ts";
import { bootstrap, type BootstrapPlan } from "./bootstrap.ts";
import type { Measurement, ModelReport } from "./model.ts";
import { prepareScores } from "./prepare-scores.ts";
import { reliabilityBins, rocPoints, scoreHistogram, scoreQuantiles } from "./score-curves.ts";

/** Points of a ROC curve and ranks of a distribution that a report keeps. */
const rocPointsKept = 200;
const quantilesKept = 1001;

/** The scores of one model on all rows. */
export interface ScoredModel {
  readonly role: ModelReport["role"];
  readonly versionId: string | null;
  readonly scores: Float32Array;
}

/** Computes every figure, curve and comparison; the candidate comes first. */
export function measure(
  labels: Uint8Array,
  scored: readonly ScoredModel[],
  plan: BootstrapPlan,
  random: Random,
): Omit<Measurement, "seconds" | "championLeftOut"> {
  const prepared = scored.map((model) => prepareScores(model.scores, labels));
  const result = bootstrap(prepared, plan, random);
  const models = scored.flatMap((model, index) => {
    const [scores, figures] = [prepared[index], result.models[index]];
    if (scores === undefined || figures === undefined) return [];
    return [
      {
        role: model.role,
        versionId: model.versionId,
        figures,
        reliability: [...reliabilityBins(scores)],
        roc: [...rocPoints(scores, rocPointsKept)],
        histogram: scoreHistogramCopy(scores),
        quantiles: [...scoreQuantiles(scores, quantilesKept)],
        meanScore: scores.scores.reduce((sum, score) => sum + score, 0) / scores.scores.length,
      },
    ];
  });
  const differences = scored.slice(1).flatMap((model, index) => {
    const figures = result.differences[index];
    return figures === undefined || model.role === "candidate" ? [] : [{ against: model.role, figures }];
  });
  const blocks = plan.blockOfRow === null ? null : new Set(plan.blockOfRow).size;
  return {
    rows: labels.length,
    positives: labels.reduce((sum, label) => sum + label, 0),
    blocks,
    models,
    differences,
  };
}

function scoreHistogramCopy(scores: Parameters<typeof scoreHistogram>[0]): ModelReport["histogram"] {
  const { edges, counts } = scoreHistogram(scores);
  return { edges: [...edges], counts: [...counts] };
}
