import type { Accelerator } from "../catalog/accelerator.ts";
import { busShare, collectiveTime } from "./collective-time.ts";
import type { CollectiveConstants } from "./kernel-constants.ts";

/** Seconds of one more hop between nodes: switch, card and protocol. */
const hopSeconds = 8e-6;

/** A cluster of equal nodes: accelerators that share fast links, and the node's way out. */
export interface Cluster {
  readonly accelerator: Accelerator;
  /** Accelerators of one fast domain. */
  readonly domainGpus: number;
  /** Bytes a second, one direction, all of a domain's network ports together, already times their efficiency. */
  readonly domainBytesPerSecond: number;
}

/** A group of ranks: `stride` 1 means neighbours, 8 means every eighth accelerator. */
export interface RankGroup {
  readonly ranks: number;
  readonly stride: number;
}

/** How many of a group's ranks share a domain. */
export function ranksPerDomain(group: RankGroup, cluster: Cluster): number {
  return Math.min(group.ranks, Math.max(1, Math.floor(cluster.domainGpus / group.stride)));
}

/** How a group lies over domains. */
interface GroupSpan {
  /** Ranks of one domain, and domains. */
  readonly inside: number;
  readonly outside: number;
  /** Bytes a second that one accelerator has out of its domain. */
  readonly rail: number;
}

function spanOf(group: RankGroup, cluster: Cluster): GroupSpan {
  const inside = ranksPerDomain(group, cluster);
  return {
    inside,
    outside: Math.ceil(group.ranks / inside),
    rail: cluster.domainBytesPerSecond / cluster.domainGpus,
  };
}

/**
 * Seconds of a collective over domains: within the domain, then between domains on all rails at once, each rank with its
 * share of the message.
 *
 * @param bytes the whole message, as in `collectiveTime`.
 */
export function clusterCollectiveTime(
  operation: string,
  group: RankGroup,
  bytes: number,
  cluster: Cluster,
  constants: CollectiveConstants,
): number {
  const { inside, outside, rail } = spanOf(group, cluster);
  const within = collectiveTime(operation, inside, bytes, cluster.accelerator, constants);
  if (outside === 1) return within;
  const between = (busShare(operation, outside) * (bytes / inside)) / rail;
  return within + between + hopSeconds * 2 * Math.log2(outside);
}

/**
 * Seconds of an all-to-all in which every rank sends `bytes` in all, spread evenly over the group.
 */
export function clusterAllToAllTime(
  group: RankGroup,
  bytes: number,
  cluster: Cluster,
  constants: CollectiveConstants,
): number {
  const { inside, outside, rail } = spanOf(group, cluster);
  const nearBytes = bytes * (inside / group.ranks);
  const within = collectiveTime("alltoall", inside, nearBytes, cluster.accelerator, constants);
  if (outside === 1) return within;
  const between = (bytes * (1 - inside / group.ranks)) / rail;
  return Math.max(within, between) + hopSeconds * Math.log2(outside);
}
