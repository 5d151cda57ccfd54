import { requireWithin } from "../problems/plan-fault.ts";
import type { Fabric } from "./design-fabric.ts";

/** Which exchange of a training step crosses the spines. */
export type Exchange = "ring" | "all-to-all";

/** What oversubscription costs a job that spans the whole fabric. */
export interface OversubscriptionPrice {
  readonly exchange: Exchange;
  /** Share of a leaf's traffic that leaves it. */
  readonly crossShare: number;
  /** Collective bandwidth over that of a non-blocking fabric, at most 1. */
  readonly bandwidthFactor: number;
  /** Step time over that of a non-blocking fabric, at least 1. */
  readonly stepTimeFactor: number;
}

/**
 * What a fabric's oversubscription does to a training step.
 *
 * A ring in node order leaves a leaf once per group of nodes, so its cross share is 1/group; an all-to-all (experts)
 * sends the share 1 - group/nodes across. Uplinks carry 1/o of a leaf's bandwidth, so bandwidth falls to
 * 1/(o x share) once o x share > 1. Nothing else is assumed to use the uplinks.
 *
 * @param exposedShare part of the step that waits for this exchange on a non-blocking fabric, 0..1.
 * @throws {Fault} `planning.plan-invalid` when the share is out of bounds.
 */
export function priceOversubscription(fabric: Fabric, exchange: Exchange, exposedShare: number): OversubscriptionPrice {
  requireWithin("network.exposedShare", exposedShare, 0, 1);
  const group = Math.min(fabric.nodesPerLeafGroup, fabric.nodes);
  const spansLeaves = fabric.levels > 1 && fabric.nodes > group;
  const share = exchange === "ring" ? 1 / group : 1 - group / fabric.nodes;
  const crossShare = spansLeaves ? share : 0;
  const slowdown = Math.max(1, fabric.oversubscription * crossShare);
  return {
    exchange,
    crossShare,
    bandwidthFactor: 1 / slowdown,
    stepTimeFactor: 1 + exposedShare * (slowdown - 1),
  };
}
