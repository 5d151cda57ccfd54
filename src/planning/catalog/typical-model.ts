import { approximationOf } from "./approximated-shape.ts";
import { layerCounts, layerParameters, modelParameters } from "./model-size.ts";
import { type ModelShape, modelShapeSchema } from "./model-shape.ts";
import type { StatedSize } from "./size-in-name.ts";

/** A shape of a stated size, and the model whose proportions it has. */
export interface TypicalModel {
  readonly shape: ModelShape;
  readonly taken: string;
}

/** Widths are multiples of this, so that kernels and tensor parallelism divide them. */
const widthStep = 64;
const sizesMost = 10_000_000;

/** Whether a dense model is built as most of today's are: grouped heads, a gated feed-forward block, no windows, layers alike. */
function isUsual(shape: ModelShape): boolean {
  const { attention, experts, isGated } = shape;
  if (experts !== undefined || attention.kind !== "grouped" || !isGated) return false;
  if (approximationOf(shape) !== undefined) return false;
  return attention.windowTokens === undefined && attention.kvHeads < attention.heads;
}

/**
 * The typical shape of a number of weights: the proportions of the known model nearest in size, scaled.
 *
 * Width, layers and heads grow with the cube root of the weights; the feed-forward block, or the size of an expert, takes up
 * the rest, so that the count comes out.
 *
 * @param known shapes whose proportions may be taken.
 */
export function typicalModel(name: string, size: StatedSize, known: readonly ModelShape[]): TypicalModel {
  const fitting = known.filter((each) =>
    size.kind === "dense" ? isUsual(each) : each.experts !== undefined && each.experts.denseLayers < each.layers,
  );
  const [nearest] = fitting.toSorted((left, right) => distance(left, size) - distance(right, size));
  if (nearest === undefined) throw new RangeError(`no ${size.kind} model is known`);
  const scaled = scaleTo(name, nearest, size);
  const shape = size.kind === "dense" ? fillFeedForward(scaled, size.total) : fillExperts(scaled, size);
  return { shape: modelShapeSchema.parse(shape), taken: nearest.name };
}

function distance(shape: ModelShape, size: StatedSize): number {
  const { total, active } = modelParameters(shape);
  const off = Math.abs(Math.log(total / size.total));
  if (size.kind === "dense") return off;
  const offActive = size.active === undefined ? 0 : Math.abs(Math.log(active / total / (size.active / size.total)));
  const offCount = size.count === undefined ? 0 : Math.abs(Math.log((shape.experts?.count ?? 1) / size.count));
  return off + offActive + offCount;
}

const whole = (value: number, step = 1): number => Math.max(step, step * Math.round(value / step));

function scaleTo(name: string, from: ModelShape, { total }: StatedSize): ModelShape {
  const scale = (total / modelParameters(from).total) ** (1 / 3);
  const layers = Math.min(1000, whole(from.layers * scale));
  const { attention } = from;
  const heads = headsOf(attention.heads * scale);
  const windows =
    attention.kind === "grouped" && attention.windowedLayers !== undefined
      ? { windowedLayers: Math.min(layers, Math.round((attention.windowedLayers * layers) / from.layers)) }
      : {};
  const grouped = attention.kind === "grouped" ? { kvHeads: sharedHeads(attention, heads) } : {};
  return {
    ...from,
    name,
    layers,
    hiddenSize: whole((from.hiddenSize * heads) / attention.heads, widthStep),
    attention: { ...attention, heads, ...grouped, ...windows } as ModelShape["attention"],
    confidence: "U",
    source: `typical shape in the proportions of ${from.name}`,
    ...(from.experts === undefined
      ? {}
      : { experts: { ...from.experts, denseLayers: Math.min(layers - 1, from.experts.denseLayers) } }),
  };
}

/** Heads that tensor parallelism of 2, 4 and 8 divides, where there are enough. */
const headsOf = (heads: number): number => whole(heads, heads >= 12 ? 8 : heads >= 6 ? 4 : heads >= 2 ? 2 : 1);

/** As many heads of keys and values as the model had, where they divide the heads; else the next fewer that do. */
function sharedHeads({ kvHeads }: { readonly kvHeads: number }, heads: number): number {
  let shared = Math.min(kvHeads, heads);
  while (heads % shared !== 0) shared -= 1;
  return shared;
}

/** The feed-forward width with which a dense model has so many weights. */
function fillFeedForward(shape: ModelShape, total: number): ModelShape {
  const bare = modelParameters({ ...shape, feedForwardSize: 0 }).total;
  const each = layerParameters({ ...shape, feedForwardSize: 1 }).dense * shape.layers;
  return { ...shape, feedForwardSize: Math.min(sizesMost, whole((total - bare) / each, widthStep)) };
}

/** Experts with which a model has so many weights, and so many that a token visits. */
function fillExperts(shape: ModelShape, size: Extract<StatedSize, { kind: "experts" }>): ModelShape {
  const { experts } = shape;
  if (experts === undefined) return shape;
  const count = size.count ?? experts.count;
  const perToken = Math.min(count, experts.perToken);
  const sized = (width: number, visited: number): ModelShape => ({
    ...shape,
    experts: { ...experts, count, perToken: visited, size: Math.min(sizesMost, width) },
  });
  const bare = modelParameters(sized(0, perToken)).total;
  const one = modelParameters(sized(1, perToken)).total - bare;
  const filled = sized(whole((size.total - bare) / one, 8), perToken);
  if (size.active === undefined) return filled;
  const { active } = modelParameters(filled);
  const perExpert = layerCounts(filled).mixture * layerParameters(filled).expert;
  const visited = perToken + Math.round((size.active - active) / perExpert);
  return {
    ...filled,
    experts: { ...experts, ...filled.experts, perToken: Math.max(1, Math.min(count, visited)) } as NonNullable<
      ModelShape["experts"]
    >,
  };
}
