import type { Accelerator } from "../catalog/accelerator.ts";
import { findInterconnect, type NodeNetwork, usualInterconnect } from "../catalog/find-interconnect.ts";
import type { GigabytesPerSecond } from "../catalog/quantities.ts";
import { parseRate } from "../network/link-rate.ts";

/** Accelerators of a node where a question does not say: of one tray, where a rack is one domain of fast links. */
const usualNodeGpus = 8;

/** Whether an accelerator is sold by the rack, whose machines share fast links. */
export function isRackScale({ scaleUpGpus }: Pick<Accelerator, "scaleUpGpus">): boolean {
  return scaleUpGpus > usualNodeGpus;
}

/** Accelerators of one node, as asked or as usual. */
export function askedNodeGpus(gpusPerNode: number | undefined, accelerator: Accelerator): number {
  return gpusPerNode ?? (isRackScale(accelerator) ? usualInterconnect(accelerator).nodeGpus : usualNodeGpus);
}

/**
 * What leaves one node: a rate as a number (GB/s) or with its unit, of nodes of the asked size; or the network of that name, and
 * the usual one of the accelerator where none is named, of nodes as they are built.
 *
 * @throws {Fault} `planning.interconnect-unknown` or what `parseRate` throws.
 */
export function askedNodeNetwork(network: unknown, accelerator: Accelerator, gpusPerNode: number): NodeNetwork {
  if (typeof network === "number") return { nodeGbPerSecond: network as GigabytesPerSecond, nodeGpus: gpusPerNode };
  if (typeof network !== "string") return usualInterconnect(accelerator);
  if (!/^\d/.test(network)) return findInterconnect(network);
  return { nodeGbPerSecond: parseRate("network", network), nodeGpus: gpusPerNode };
}
