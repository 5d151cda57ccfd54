import { clusterCollectiveTime, ranksPerDomain, type RankGroup } from "../kernels/cluster-collective.ts";
import type { TimingContext } from "./layer-time.ts";
import { rankParameters } from "./rank-parameters.ts";

/** Weights travel in 16 bits, also where their master copies have 32. */
const weightBytes = 2;
/** What sharded weights take for one micro-batch hides behind so many of its backward passes: the forward pass hides some, too. */
const hidingPasses = 1.4;

/**
 * Seconds that a step waits for its data parallel ranks: gradients reduced and weights gathered, less what the backward pass hides.
 *
 * @param backwardSeconds of all `batches` micro-batches.
 */
export function dataTime(context: TimingContext, backwardSeconds: number, batches: number): number {
  const { layout, isLora } = context.job;
  if (layout.data * layout.context === 1 || isLora === true) return 0;
  return layout.sharding === "zero3" ? shardedTime(context, backwardSeconds, batches) : gradientTime(context);
}

/** Weights in shards are gathered for both passes of every micro-batch, and their gradients scattered. */
function shardedTime(context: TimingContext, backwardSeconds: number, batches: number): number {
  const held = rankParameters(context.job);
  const ranks = dataRanks(context);
  const bytes = (held.dense + held.expert) * weightBytes;
  const gather = exchangeTime(context, "all_gather", ranks, bytes);
  const scatter = exchangeTime(context, "reduce_scatter", ranks, bytes);
  const perBatch = 2 * gather + scatter;
  const hidden = (backwardSeconds / batches) * hidingPasses;
  return batches * Math.max(context.stack.dataExposed * perBatch, perBatch - hidden);
}

/** Gradients are summed once a step; with the optimizer's state in shards they are scattered and the weights gathered. */
function gradientTime(context: TimingContext): number {
  const { layout, stack } = context.job;
  const held = rankParameters(context.job);
  const ranks = dataRanks(context);
  const stride = Math.max(layout.tensor, layout.expert);
  const expertRanks = { ranks: Math.max(1, (ranks.ranks * layout.tensor) / stride), stride };
  const gradientBytes = layout.sharding === "none" || stack === "megatron-core" ? 2 : 4;
  const operations =
    layout.sharding === "none"
      ? ([["all_reduce", gradientBytes]] as const)
      : ([
          ["reduce_scatter", gradientBytes],
          ["all_gather", weightBytes],
        ] as const);
  const seconds = operations.map(
    ([operation, bytes]) =>
      exchangeTime(context, operation, ranks, held.dense * bytes) +
      exchangeTime(context, operation, expertRanks, held.expert * bytes),
  );
  return context.stack.dataExposed * seconds.reduce((sum, each) => sum + each, 0);
}

/** Ranks that hold the same part of the model, and differ in data or in a part of the sequence. */
function dataRanks({ job: { layout } }: TimingContext): RankGroup {
  return { ranks: layout.data * layout.context, stride: layout.tensor };
}

/** Kernels are those of the data parallel ranks that share a domain, whatever the group. */
function exchangeTime(context: TimingContext, operation: string, group: RankGroup, bytes: number): number {
  if (group.ranks <= 1) return 0;
  const { kernels, cluster } = context;
  const inside = ranksPerDomain(dataRanks(context), cluster);
  return clusterCollectiveTime(operation, group, bytes, cluster, kernels.collective(operation, inside));
}
