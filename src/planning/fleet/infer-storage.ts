import { formatSize } from "../../base/units.ts";
import { askedModel } from "../questions/asked-model.ts";
import { toldFormat } from "../questions/told-format.ts";
import type { Assumptions } from "../assumptions/assumption.ts";
import { bytesPerWeight } from "../catalog/accelerator.ts";
import type { ModelShape } from "../catalog/model-shape.ts";
import { modelParameters } from "../catalog/model-size.ts";
import type { Plan } from "../model.ts";
import { writeTokens } from "../report/write-figure.ts";
import { atStage } from "./stage-fault.ts";

/**
 * Fills in what a plan's storage leaves out and the models of its stages tell: parameters of a checkpoint (the largest
 * model that is trained in full; adapters are small), and the weights of all served models, each format of each once.
 *
 * @throws {Fault} what a model's name throws, with its place in the plan.
 */
export function inferStorage(plan: Plan, assumptions: Assumptions): Plan {
  const { storage } = plan;
  const parameters = storage.checkpoint?.parameters ?? trainedParameters(plan, assumptions);
  const servingWeights = storage.servingWeights ?? servedWeights(plan, assumptions);
  return {
    ...plan,
    storage: {
      ...storage,
      ...(parameters === undefined ? {} : { checkpoint: { ...storage.checkpoint, parameters } }),
      ...(servingWeights === undefined ? {} : { servingWeights }),
    },
  };
}

function trainedParameters({ demand }: Plan, assumptions: Assumptions): number | undefined {
  const models = demand.stages.flatMap(({ jobs }, index) => {
    if (jobs?.trained === undefined || jobs.trained.isLora === true) return [];
    return [shapeAt(`demand.stages[${index}].jobs.trained`, jobs.trained)];
  });
  const [largest] = models.map(sizeOf).toSorted((left, right) => right.weights - left.weights);
  if (largest === undefined) return undefined;
  const words = `weights of ${largest.name}, the largest model that a stage trains in full`;
  assumptions.note("storage.checkpoint.parameters", writeTokens(largest.weights), words);
  return largest.weights;
}

function servedWeights({ demand }: Plan, assumptions: Assumptions): string | undefined {
  const served = new Map<string, number>();
  for (const [index, { requests }] of demand.stages.entries()) {
    if (requests?.served === undefined) continue;
    const { name, weights } = sizeOf(shapeAt(`demand.stages[${index}].requests.served`, requests.served));
    const precision = requests.served.precision ?? toldFormat(requests.served)?.format ?? "bf16";
    served.set(`${name} in ${precision}`, weights * bytesPerWeight[precision]);
  }
  if (served.size === 0) return undefined;
  const bytes = Math.ceil([...served.values()].reduce((sum, each) => sum + each, 0));
  assumptions.note("storage.servingWeights", formatSize(bytes), `weights of ${[...served.keys()].join(" and ")}`);
  return `${bytes}B`;
}

function shapeAt(place: string, named: Parameters<typeof askedModel>[0]): ModelShape {
  return atStage(
    (field) => `${place}.${field ?? "model"}`,
    () => askedModel(named).value,
  );
}

function sizeOf(shape: ModelShape): { readonly name: string; readonly weights: number } {
  return { name: shape.name, weights: modelParameters(shape).total };
}
