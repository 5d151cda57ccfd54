import type { ReplicaLoad } from "../../api/deployment-load.ts";
import type { Replica } from "./deployment-status.ts";

/** One line of the table of replicas. */
export interface ReplicaRow {
  readonly id: string;
  readonly state: string;
  readonly version: string;
  readonly message: string;
  /** Whether it is a workload of this platform; others run elsewhere. */
  readonly isWorkload: boolean;
  /** Null where nothing is in flight and no engine speaks. */
  readonly load: ReplicaLoad | null;
}

/** The deployment's own replicas with their loads, then those that run elsewhere. */
export function replicaRows(replicas: readonly Replica[], loads: readonly ReplicaLoad[]): readonly ReplicaRow[] {
  const byId = new Map(loads.map((load) => [load.replica, load]));
  const own = replicas.map(
    (replica): ReplicaRow => ({
      id: replica.workload,
      state: replica.isReady ? "ready" : replica.state,
      version: replica.version,
      message: replica.message,
      isWorkload: true,
      load: byId.get(replica.workload) ?? null,
    }),
  );
  const known = new Set(own.map((row) => row.id));
  const others = loads.filter((load) => !known.has(load.replica));
  return [
    ...own,
    ...others.map((load) => ({
      id: load.replica,
      state: "ready",
      version: load.version,
      message: "runs elsewhere",
      isWorkload: false,
      load,
    })),
  ];
}
