import { layerCounts } from "../catalog/model-size.ts";
import type { ModelShape } from "../catalog/model-shape.ts";

/** Both norms, the rotation of queries and keys, the write to the cache, the activation, the last sum. */
const plain = 6;
/** Latent attention norms both ranks, and splits and joins rotated and plain parts. */
const latent = 3;
/** Experts choose, sort tokens by choice, gather them and weigh what comes back. */
const routed = 4;
/** Shared experts are added to the routed ones. */
const shared = 1;

/**
 * The small kernels of all layers of a model in one step, beside products, attention cores and collectives: what a step costs
 * however few tokens it has. Counted by hand from how such layers are written; engines fuse some of them, which their constants say.
 */
export function smallKernels(model: ModelShape): number {
  const { dense, mixture } = layerCounts(model);
  const layer = plain + (model.attention.kind === "latent" ? latent : 0);
  const experts = routed + ((model.experts?.shared ?? 0) > 0 ? shared : 0);
  return dense * layer + mixture * (layer + experts);
}
