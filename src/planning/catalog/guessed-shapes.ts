import { listModels } from "./find-model.ts";
import { heldBy } from "./guessed-figures.ts";
import type { ModelShape } from "./model-shape.ts";
import { attentionFlops, keptPerToken, kvBytesOfSequence, modelParameters } from "./model-size.ts";
import { sizeInName, type StatedSize } from "./size-in-name.ts";
import { typicalModel } from "./typical-model.ts";

/** The load at which shapes are compared: requests in flight and their tokens. */
const [requests, tokens] = [32, 2000];

/** What one step of decoding reads, bytes in 16 bits; and FLOPs of one token. */
function workOf(shape: ModelShape): readonly [bytes: number, flops: number] {
  const { active } = modelParameters(shape);
  return [2 * active + requests * kvBytesOfSequence(shape, tokens, 2), 2 * active + attentionFlops(shape, tokens)];
}

function worksApart(one: ModelShape, other: ModelShape): number {
  const [ours, theirs] = [workOf(one), workOf(other)];
  return Math.max(apart(ours[0], theirs[0]), apart(ours[1], theirs[1]));
}

/** What is told of a model that is guessed: its weights in all, and whether those that a token visits are known. */
type Told = "dense" | "experts" | "experts and active";

/** How wrong guesses of a shape are, as logarithms. */
export interface ShapeSpread {
  /** What a step reads, and its FLOPs. */
  readonly work: number;
  /** Bytes of a sequence's cache, and of what training keeps of a token. */
  readonly cache: number;
  readonly activations: number;
}

const known = new Map<Told, ShapeSpread>();
let ofNames: number | undefined;

/** How far the weights of the catalog's models are from those that their names state: four of five by at most so much, as a logarithm. */
export function nameSpread(): number {
  ofNames ??= heldBy(
    listModels().flatMap((each) => {
      const stated = sizeInName(each.name);
      return stated === undefined ? [] : [apart(modelParameters(each).total, stated.total)];
    }),
  );
  return ofNames;
}

const apart = (one: number, other: number): number => Math.abs(Math.log(one / other));

/**
 * How wrong work and memory are that are guessed from a number of weights: every model of the catalog guessed so from those of other sizes;
 * four of five were off by at most so much, as a logarithm.
 */
export function shapeSpread(size: StatedSize): ShapeSpread {
  const told = size.kind === "dense" ? "dense" : size.active === undefined ? "experts" : "experts and active";
  const found = known.get(told) ?? measureSpread(told);
  known.set(told, found);
  return found;
}

function measureSpread(told: Told): ShapeSpread {
  const models = listModels().filter((each) => (each.experts === undefined) === (told === "dense"));
  const guesses = models.map((each): readonly [ModelShape, ModelShape] => {
    const { total, active } = modelParameters(each);
    const others = models.filter((other) => Math.abs(modelParameters(other).total / total - 1) > 0.01);
    const size: StatedSize =
      told === "dense"
        ? { kind: "dense", total }
        : { kind: "experts", total, ...(told === "experts" ? {} : { active }) };
    return [each, typicalModel(each.name, size, others).shape];
  });
  const held = (far: (one: ModelShape, other: ModelShape) => number): number =>
    heldBy(guesses.map(([one, other]) => far(one, other)));
  return {
    work: held(worksApart),
    cache: held((one, other) => apart(kvBytesOfSequence(one, tokens, 2), kvBytesOfSequence(other, tokens, 2))),
    activations: held((one, other) => apart(keptPerToken(one), keptPerToken(other))),
  };
}
