import type { Accelerator } from "./catalog/accelerator.ts";
import { findInterconnect, usualInterconnect } from "./catalog/find-interconnect.ts";
import { parseRate } from "./network/link-rate.ts";

/**
 * GB/s (bytes) out of one node: as a number, as a rate with its unit, or by the name of its network; the usual one of the
 * accelerator where none is named.
 *
 * @throws {Fault} `planning.interconnect-unknown` or what `parseRate` throws.
 */
export function askedNodeRate(network: unknown, accelerator: Accelerator): number {
  if (typeof network === "number") return network;
  if (typeof network !== "string") return usualInterconnect(accelerator).nodeGbPerSecond;
  return /^\d/.test(network) ? parseRate("network", network) : findInterconnect(network).nodeGbPerSecond;
}
