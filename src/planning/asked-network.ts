import type { Accelerator } from "./catalog/accelerator.ts";
import { findInterconnect, type NodeNetwork, usualInterconnect } from "./catalog/find-interconnect.ts";
import type { GigabytesPerSecond } from "./catalog/quantities.ts";
import { parseRate } from "./network/link-rate.ts";

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
