import type { Blocker, WorkloadRow } from "../../api/compute.ts";

/**
 * Blockers with what the queue knows of them, where the reason itself does not tell: what they do, and when their limit
 * ends them at the latest.
 */
export function withEnds(blockers: readonly Blocker[], workloads: readonly WorkloadRow[]): readonly Blocker[] {
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  return blockers.map((blocker) => {
    const known = byId.get(blocker.id);
    if (known === undefined || blocker.kind !== "") return blocker;
    const { startedAt, limitMs, state } = known;
    const endsBy = startedAt === null || limitMs === null ? null : startedAt + limitMs;
    return { ...blocker, kind: state, endsBy: blocker.endsBy ?? endsBy };
  });
}
