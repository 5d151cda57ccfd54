import { listModels } from "./find-model.ts";
import { heldBy } from "./guessed-figures.ts";
import type { ModelShape } from "./model-shape.ts";
import { attentionFlops, kvBytesOfSequence, modelParameters } from "./model-size.ts";
import type { StatedSize } from "./size-in-name.ts";
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
  return Math.max(Math.abs(Math.log(ours[0] / theirs[0])), Math.abs(Math.log(ours[1] / theirs[1])));
}

/** What is told of a model that is guessed: its weights in all, and whether those that a token visits are known. */
type Told = "dense" | "experts" | "experts and active";

const known = new Map<Told, number>();

/**
 * How wrong work is that is guessed from a number of weights: every model of the catalog guessed so from those of other sizes;
 * four of five were off by at most so much, as a logarithm.
 */
export function shapeSpread(size: StatedSize): number {
  const told = size.kind === "dense" ? "dense" : size.active === undefined ? "experts" : "experts and active";
  const found = known.get(told) ?? measureSpread(told);
  known.set(told, found);
  return found;
}

function measureSpread(told: Told): number {
  const models = listModels().filter((each) => (each.experts === undefined) === (told === "dense"));
  return heldBy(
    models.map((each) => {
      const { total, active } = modelParameters(each);
      const others = models.filter((other) => Math.abs(modelParameters(other).total / total - 1) > 0.01);
      const size: StatedSize =
        told === "dense"
          ? { kind: "dense", total }
          : { kind: "experts", total, ...(told === "experts" ? {} : { active }) };
      return worksApart(each, typicalModel(each.name, size, others).shape);
    }),
  );
}
