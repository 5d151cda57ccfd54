import { type PoolSpec, type PoolStatus, poolKind } from "../../compute/model.ts";
import type { PoolReadiness } from "../../compute/ports.ts";
import { projectKind, teamKind } from "../../tenancy/model.ts";
import { quotaKind } from "../model.ts";
import type { QuotaNode } from "../quota/model.ts";
import { reservationKind, type ReservationStatus } from "../reservations/model.ts";
import { spanOf } from "../reservations/place-reservation.ts";
import { findQueue, queuesOf, quotaTreeOf } from "./declared-tree.ts";
import type { Declared, PoolFacts, PoolReservation } from "./world.ts";

/** A resource as it is stored. */
export interface StoredResource {
  readonly kind: string;
  readonly name: string;
  readonly spec: unknown;
  readonly status: unknown;
  readonly deletingSince: number | null;
}

/** The kinds that a scheduler decides by. */
export const declaredKinds: readonly string[] = [
  poolKind.kind,
  quotaKind.kind,
  teamKind.kind,
  projectKind.kind,
  reservationKind.kind,
];

/** Reads what people declared from the stored resources of `declaredKinds`. */
export function readDeclared(resources: readonly StoredResource[]): Declared {
  const of = (kind: string): readonly StoredResource[] => resources.filter((each) => each.kind === kind);
  const pools = of(poolKind.kind).map(toPoolFacts);
  const people = {
    quotas: of(quotaKind.kind).map(({ name, spec }) => ({ name, spec: quotaKind.spec.parse(spec) })),
    teams: of(teamKind.kind).map(({ name }) => name),
    projects: of(projectKind.kind).map(({ name, spec }) => ({ name, team: projectKind.spec.parse(spec).team })),
  };
  const quota = quotaTreeOf(people, pools);
  return { pools, people, quota, reservations: of(reservationKind.kind).flatMap((each) => toReservation(each, quota)) };
}

/** Statuses are written by the platform itself; specs are parsed, since an older version may have written them. */
function toPoolFacts({ name, spec, status, deletingSince }: StoredResource): PoolFacts {
  const parsed: PoolSpec = poolKind.spec.parse(spec);
  const { nodes } = poolKind.status.parse(status) as PoolStatus;
  return { name, spec: parsed, nodes, readiness: readinessOf(nodes.length, deletingSince) };
}

function readinessOf(nodes: number, deletingSince: number | null): PoolReadiness {
  if (deletingSince !== null) return "draining";
  return nodes === 0 ? "unobserved" : "ready";
}

function toReservation(
  { name, spec, status }: StoredResource,
  quota: readonly QuotaNode[],
): readonly PoolReservation[] {
  const { phase, nodes } = reservationKind.status.parse(status) as ReservationStatus;
  if (phase !== "scheduled" && phase !== "active") return [];
  const parsed = reservationKind.spec.parse(spec);
  const queues = parsed.queues.flatMap((queue) => queuesUnder(quota, queue));
  return [{ id: `reservation ${name}`, pool: parsed.pool, nodes, queues: [...new Set(queues)], ...spanOf(parsed) }];
}

/** The queues of a project, or of all that stands below a team or a group of quotas. */
function queuesUnder(quota: readonly QuotaNode[], name: string): readonly string[] {
  const queues = queuesOf(quota);
  const own = findQueue(queues, name);
  const top = [`team/${name}`, `quota/${name}`].find((id) => quota.some((node) => node.id === id));
  const parents = new Map(quota.map((node) => [node.id, node.parent]));
  const isBelow = (id: string): boolean => {
    for (let at: string | null = id; at !== null; at = parents.get(at) ?? null) if (at === top) return true;
    return false;
  };
  return [...(own === undefined ? [] : [own]), ...(top === undefined ? [] : [...queues].filter(isBelow))];
}
