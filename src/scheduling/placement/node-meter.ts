/**
 * Measures what is left of a node by some metric, in thousandths of a GPU; allocates nothing.
 *
 * @param gpuMillis thousandths left of each GPU, from `offset` on, `count` of them; their order does not matter.
 */
export type NodeMeter = (
  gpuModel: string,
  cpuMillis: number,
  gpuMillis: ArrayLike<number>,
  offset: number,
  count: number,
) => number;
