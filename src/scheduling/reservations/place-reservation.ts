import type { Instant } from "../../base/clock.ts";
import { parseIsoDate } from "../../base/iso-date.ts";
import type { ReservationSpec, ReservationStatus } from "./model.ts";

/** A reservation that was declared, and what became of it so far. */
export interface DeclaredReservation {
  readonly name: string;
  readonly spec: ReservationSpec;
  readonly status: Pick<ReservationStatus, "phase" | "nodes">;
}

type Placement = Pick<ReservationStatus, "phase" | "message" | "nodes">;

/**
 * Says which nodes a reservation sets aside and where it stands now.
 *
 * Nodes once chosen stay chosen while the pool has them. Nodes that another reservation has at the same time are not
 * chosen, and named ones that it has are refused.
 *
 * @param poolNodes names of the pool's nodes; null: there is no such pool, or its machines are not known yet.
 */
export function placeReservation(
  reservation: DeclaredReservation,
  poolNodes: readonly string[] | null,
  others: readonly DeclaredReservation[],
  now: Instant,
): Placement {
  const { spec, status } = reservation;
  const { start, end } = spanOf(spec);
  if (now >= end) return { phase: "over", message: "its time is over", nodes: status.nodes };
  if (poolNodes === null) {
    return { phase: "pending", message: `the machines of pool ${spec.pool} are not known yet`, nodes: [] };
  }
  const rivals = others.filter((other) => other.name !== reservation.name && isBeside(other, spec));
  const taken = new Map(rivals.flatMap((other) => other.status.nodes.map((node) => [node, other.name] as const)));
  const chosen = spec.nodes ?? chooseNodes(spec.count ?? 1, status.nodes, poolNodes, taken);
  const unknown = chosen.find((node) => !poolNodes.includes(node));
  if (unknown !== undefined) {
    return refuse(`pool ${spec.pool} has no node ${unknown}; it has ${poolNodes.join(", ")}`);
  }
  const rival = chosen.find((node) => taken.has(node));
  if (rival !== undefined) return refuse(`node ${rival} is set aside by ${taken.get(rival)} at that time`);
  if (chosen.length < (spec.count ?? chosen.length)) {
    const free = poolNodes.length - taken.size;
    return refuse(`it asks for ${spec.count} nodes, and ${free} of pool ${spec.pool} are not set aside at that time`);
  }
  const isActive = now >= start;
  const message = isActive ? "its nodes are set aside now" : "its nodes will be set aside";
  return { phase: isActive ? "active" : "scheduled", message, nodes: [...chosen] };
}

/** When a reservation begins and ends; `end` itself is not part of it. */
export function spanOf({ start, end }: ReservationSpec): { readonly start: Instant; readonly end: Instant } {
  return { start: parseIsoDate(start) ?? 0, end: parseIsoDate(end) ?? 0 };
}

function isBeside({ spec, status }: DeclaredReservation, own: ReservationSpec): boolean {
  const [left, right] = [spanOf(spec), spanOf(own)];
  const isPlaced = status.phase === "scheduled" || status.phase === "active";
  return isPlaced && spec.pool === own.pool && left.start < right.end && right.start < left.end;
}

/** Those that it has, as far as they are there still, then others by name from the last one back. */
function chooseNodes(
  count: number,
  before: readonly string[],
  poolNodes: readonly string[],
  taken: ReadonlyMap<string, string>,
): readonly string[] {
  const free = poolNodes.filter((node) => !taken.has(node));
  const kept = before.filter((node) => free.includes(node));
  const rest = free.filter((node) => !kept.includes(node)).toSorted((left, right) => (left < right ? 1 : -1));
  return [...kept, ...rest].slice(0, count).toSorted();
}

function refuse(message: string): Placement {
  return { phase: "refused", message: `${message}; change it, or choose another time`, nodes: [] };
}
