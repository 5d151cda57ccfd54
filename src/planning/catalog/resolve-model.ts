import { Fault } from "../../base/fault.ts";
import type { Resolved } from "./fallback.ts";
import { findModel, isKnownModel, listModels, misspelledModel, unknownModel } from "./find-model.ts";
import { nameSpread, shapeSpread } from "./guessed-shapes.ts";
import type { ModelShape } from "./model-shape.ts";
import { modelParameters } from "./model-size.ts";
import { sizeInName, type StatedSize, statedSize } from "./size-in-name.ts";
import { typicalModel } from "./typical-model.ts";
import { whyUnplannable } from "./unplannable-models.ts";

/** What a question says of its model. */
export interface NamedModel {
  readonly model: string;
  /** Weights in all, and those that one token visits, of a model that the catalog does not have. */
  readonly parameters?: number | undefined;
  readonly activeParameters?: number | undefined;
}

/** A known model's weights may be stated as much rounded as this. */
const countTolerance = 0.15;

/**
 * The model that a question names. One that the catalog does not have is planned as the typical shape of its size, where its
 * name or the question tells how many weights it has.
 *
 * @param own the user's own, which come first.
 * @throws {Fault} `planning.model-unknown` where nothing tells its size, where a known name was likely meant, or where it has
 * recurrent layers;
 * `planning.request-invalid` where what is stated contradicts the catalog or itself.
 */
export function resolveModel(asked: NamedModel, own: readonly ModelShape[] = []): Resolved<ModelShape> {
  const { model, parameters, activeParameters } = asked;
  if (isKnownModel(model, own)) {
    const value = findModel(model, own);
    checkCount("parameters", parameters, modelParameters(value).total, value);
    checkCount("activeParameters", activeParameters, modelParameters(value).active, value);
    return { value };
  }
  const isRefused = whyUnplannable(model) !== undefined || misspelledModel(model, own) !== undefined;
  if (parameters === undefined && isRefused) throw unknownModel(model, own);
  const size = sizeOf(asked);
  if (size === undefined) throw unknownModel(model, own);
  const { shape, taken } = typicalModel(model, size, listModels());
  const spread = shapeSpread(size);
  const words = tell(asked, shape, taken, spread.work);
  const reason = `"${model}" is planned in the proportions of ${taken}`;
  const { work, cache, activations } = spread;
  const memory = { cache, activations, ...(parameters === undefined ? { weights: nameSpread() } : {}) };
  return { value: shape, fallback: { of: "model", asked: model, taken, words, reason, spread: work, memory } };
}

function checkCount(field: string, stated: number | undefined, known: number, { name }: ModelShape): void {
  if (stated === undefined || Math.abs(stated / known - 1) <= countTolerance) return;
  throw new Fault(
    "planning.request-invalid",
    `${field}: ${name} of the catalog has ${writeWeights(known)}, found ${writeWeights(stated)}; leave it out, or name another model`,
    { details: { path: field } },
  );
}

/** What the question states goes before what the name says. */
function sizeOf({ model, parameters, activeParameters }: NamedModel): StatedSize | undefined {
  const named = sizeInName(model);
  const total = parameters ?? named?.total;
  if (total === undefined) return undefined;
  if (activeParameters !== undefined && activeParameters > total) {
    throw new Fault(
      "planning.request-invalid",
      `activeParameters: a token cannot visit ${writeWeights(activeParameters)} of ${writeWeights(total)}`,
      { details: { path: "activeParameters" } },
    );
  }
  const size = statedSize(total, activeParameters, named?.kind === "experts");
  return size?.kind === "experts" && named?.kind === "experts" ? { ...named, ...size } : size;
}

function tell({ model, parameters }: NamedModel, shape: ModelShape, taken: string, spread: number): string {
  const { total, active } = modelParameters(shape);
  const kind = shape.experts === undefined ? "dense model" : "model with experts";
  const visited = shape.experts === undefined ? "" : `, ${writeWeights(active)} of them for a token`;
  const whence = parameters === undefined ? "as its name says" : "as the question says";
  return (
    `"${model}" is no model of the catalog: it is planned as the typical ${kind} of ${writeWeights(total)}${visited} (${whence}), in the ` +
    `proportions of ${taken} (${shape.layers} layers, width ${shape.hiddenSize}, ${shape.attention.heads} heads); work and memory guessed so were ` +
    `off by at most ${((Math.exp(spread) - 1) * 100).toFixed(0)} % for 80 % of the catalog's own; give its config.json to replace the guess`
  );
}

function writeWeights(count: number): string {
  const [factor, word] = count >= 1e12 ? [1e12, "trillion"] : count >= 1e9 ? [1e9, "billion"] : [1e6, "million"];
  return `${Number((count / factor).toPrecision(3))} ${word} weights`;
}
