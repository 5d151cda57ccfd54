import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { ResourceRef } from "../../../src/platform/resource.ts";
import type { BlockerOwner } from "../../../src/scheduling/live/model.ts";
import { shortName } from "../words/short-name.ts";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf, itemsOf } from "./reading.ts";

/** Why a workload waits: the main reason, who is in its way, and what would help. */
export interface PendingReason {
  readonly code: string;
  readonly sentence: string;
  readonly blockers: readonly Blocker[];
  readonly changes: readonly string[];
}

/** Who holds, or is promised, what a waiting workload needs. */
export interface Blocker {
  readonly id: string;
  readonly name: string;
  readonly gpus: number;
  /** Such as `running` or `reserved`; empty where the server does not tell. */
  readonly kind: string;
  /** Whose it is; null for a reservation, for a stranger's, and where the server does not tell. */
  readonly owner: BlockerOwner | null;
  /** When it lets go at the latest; null: nothing bounds it, or not known. */
  readonly endsBy: number | null;
  /** When it is as likely gone as not, by runs like it. */
  readonly endsP50: number | null;
  /** When it is gone nine times of ten. */
  readonly endsP90: number | null;
}

/** When a workload that waits is planned to start. */
export interface PlannedStart {
  readonly at: number;
  /** Whether it starts then at the latest: no run before it may last longer. */
  readonly isHardBound: boolean;
  /** Whether others were told to stop for it, and what they free is kept. */
  readonly isHeld: boolean;
}

/** Where one member of a workload runs. */
export interface HeldPlace {
  readonly node: string;
  readonly gpus: readonly { readonly index: number; readonly model: string; readonly isSimulated: boolean }[];
}

/** How a workload ended, in words that name the cause. */
export interface TaskOutcome {
  readonly kind: string;
  readonly exitCode: number | null;
  readonly message: string;
}

/** A workload as the queue lists it. */
export interface WorkloadRow {
  readonly id: string;
  /** Place in its pool's queue, from 1; null when it does not wait. */
  readonly position: number | null;
  readonly project: string;
  readonly owner: ResourceRef;
  readonly purpose: string;
  readonly pool: string;
  readonly priority: number;
  readonly state: string;
  readonly phase: string;
  readonly attempt: number;
  readonly cpus: number;
  readonly memory: number;
  readonly gpus: number;
  readonly gpuModel: string | null;
  readonly migProfile: string | null;
  /** The leaf of the quota tree that it counts against. */
  readonly queue: string;
  /** Pools that will do, in order of preference. */
  readonly pools: readonly string[];
  readonly membersMin: number;
  readonly membersMax: number;
  /** The level of the topology that all members must lie in. */
  readonly withinLevel: string | null;
  readonly isPreemptible: boolean;
  readonly minRuntimeMs: number;
  readonly restartMs: number;
  readonly timesPreempted: number;
  readonly limitMs: number | null;
  readonly checkpointAt: number | null;
  readonly plannedStart: PlannedStart | null;
  readonly reason: PendingReason | null;
  readonly node: string | null;
  readonly places: readonly HeldPlace[];
  readonly outcome: TaskOutcome | null;
  readonly queuedAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** What a pool has and what is in use. */
export interface PoolUse {
  readonly name: string;
  readonly driver: string;
  readonly role: string;
  readonly isSimulated: boolean;
  readonly nodes: number;
  readonly used: Capacity;
  readonly total: Capacity;
  readonly waiting: number;
  /** How many of the last p90 estimates of starts held; null where none was made yet. */
  readonly estimates: { readonly made: number; readonly held: number } | null;
}

export interface Capacity {
  readonly cpus: number;
  readonly memory: number;
  readonly gpus: number;
}

export interface Queue {
  readonly workloads: readonly WorkloadRow[];
  readonly pools: readonly PoolUse[];
}

const refreshMs = 4_000;

function readRef(fields: Fields): ResourceRef {
  return { kind: fields.textOr("kind", ""), project: fields.textOr("project", null), name: fields.textOr("name", "") };
}

function readOwner(fields: Fields | null): BlockerOwner | null {
  if (fields === null) return null;
  return {
    kind: fields.textOr("kind", ""),
    name: fields.textOr("name", ""),
    project: fields.textOr("project", ""),
    team: fields.textOr("team", null),
    identity: fields.textOr("identity", null),
  };
}

/** Reads the reason why a workload waits. */
export function readReason(fields: Fields): PendingReason {
  return {
    code: fields.textOr("code", ""),
    sentence: fields.textOr("sentence", ""),
    blockers: fields.list("blockers", (each) => ({
      id: each.textOr("id", ""),
      name: shortName(each.textOr("name", "")),
      gpus: each.numberOr("gpus", 0),
      kind: each.textOr("kind", ""),
      owner: readOwner(each.fieldsOrNull("owner")),
      endsBy: each.numberOr("endsBy", null),
      endsP50: each.numberOr("endsP50", null),
      endsP90: each.numberOr("endsP90", null),
    })),
    changes: fields.texts("changes"),
  };
}

/** Reads a planned start. */
export function readPlannedStart(fields: Fields | null): PlannedStart | null {
  if (fields === null) return null;
  return { at: fields.number("at"), isHardBound: fields.flag("isHardBound"), isHeld: fields.flag("isHeld") };
}

function readPlace(fields: Fields): HeldPlace {
  return {
    node: fields.textOr("node", ""),
    gpus: fields.list("gpus", (each) => ({
      index: each.numberOr("index", 0),
      model: each.textOr("model", ""),
      isSimulated: each.flag("simulated"),
    })),
  };
}

function readOutcome(fields: Fields): TaskOutcome {
  return {
    kind: fields.textOr("kind", "exited"),
    exitCode: fields.numberOr("exitCode", null),
    message: fields.textOr("message", ""),
  };
}

type Asked = Pick<WorkloadRow, "cpus" | "memory" | "gpus" | "gpuModel" | "migProfile" | "membersMin" | "membersMax">;

function readAsked(fields: Fields): Asked {
  const asked = fields.fields("resources");
  const members = fields.fields("members");
  return {
    cpus: asked.numberOr("cpus", 0),
    memory: asked.numberOr("memory", 0),
    gpus: asked.numberOr("gpus", 0),
    gpuModel: asked.textOr("gpuModel", null),
    migProfile: asked.textOr("migProfile", null),
    membersMin: members.numberOr("min", 1),
    membersMax: members.numberOr("max", 1),
  };
}

type Terms = Pick<
  WorkloadRow,
  | "queue"
  | "pools"
  | "withinLevel"
  | "isPreemptible"
  | "minRuntimeMs"
  | "restartMs"
  | "timesPreempted"
  | "limitMs"
  | "checkpointAt"
>;

function readTerms(fields: Fields): Terms {
  return {
    queue: fields.textOr("queue", ""),
    pools: fields.texts("pools"),
    withinLevel: fields.fields("topology").textOr("required", null),
    isPreemptible: fields.flag("isPreemptible"),
    minRuntimeMs: fields.numberOr("minRuntimeMs", 0),
    restartMs: fields.numberOr("restartMs", 0),
    timesPreempted: fields.numberOr("timesPreempted", 0),
    limitMs: fields.numberOr("limitMs", null),
    checkpointAt: fields.numberOr("checkpointAt", null),
  };
}

/** Reads a workload. */
export function readWorkload(fields: Fields): WorkloadRow {
  const reason = fields.fieldsOrNull("reason");
  const outcome = fields.fieldsOrNull("outcome");
  return {
    ...readAsked(fields),
    ...readTerms(fields),
    id: fields.text("id"),
    position: fields.numberOr("position", null),
    project: fields.textOr("project", ""),
    owner: readRef(fields.fields("owner")),
    purpose: fields.textOr("purpose", ""),
    pool: fields.textOr("pool", ""),
    priority: fields.numberOr("priority", 0),
    state: fields.textOr("state", "queued"),
    phase: fields.textOr("phase", ""),
    attempt: fields.numberOr("attempt", 0),
    plannedStart: readPlannedStart(fields.fieldsOrNull("plannedStart")),
    reason: reason === null ? null : readReason(reason),
    node: fields.textOr("node", null),
    places: fields.list("places", readPlace),
    outcome: outcome === null ? null : readOutcome(outcome),
    queuedAt: fields.numberOr("queuedAt", null),
    startedAt: fields.numberOr("startedAt", null),
    endedAt: fields.numberOr("endedAt", null),
  };
}

function readCapacity(fields: Fields): Capacity {
  return { cpus: fields.numberOr("cpus", 0), memory: fields.numberOr("memory", 0), gpus: fields.numberOr("gpus", 0) };
}

function readPool(fields: Fields, estimates: ReadonlyMap<string, PoolUse["estimates"]>): PoolUse {
  return {
    estimates: estimates.get(fields.textOr("name", "")) ?? null,
    name: fields.textOr("name", ""),
    driver: fields.textOr("driver", ""),
    role: fields.textOr("role", ""),
    isSimulated: fields.flag("simulated"),
    nodes: fields.numberOr("nodes", 1),
    used: readCapacity(fields.fields("used")),
    total: readCapacity(fields.fields("total")),
    waiting: fields.numberOr("waiting", 0),
  };
}

/** What runs and what waits, and how full the pools are. */
export function useQueue(project: string | undefined): UseQueryResult<Queue> {
  return useQuery({
    queryKey: ["queue", project ?? "*"],
    queryFn: ({ signal }) =>
      getJson(
        withQuery("/api/v1/queue", { project }),
        (value) => {
          const fields = fieldsOf(value, "queue");
          const estimates = new Map(
            fields.list("estimates", (each) => [
              each.textOr("pool", ""),
              { made: each.numberOr("made", 0), held: each.numberOr("held", 0) },
            ]),
          );
          const pools = fields.list("pools", (pool) => readPool(pool, estimates));
          return { workloads: fields.list("items", readWorkload), pools };
        },
        signal,
      ),
    refetchInterval: refreshMs,
  });
}

const shownEnded = 200;

/** Workloads that are over, the newest first. */
export function useEndedWorkloads(project: string | undefined): UseQueryResult<readonly WorkloadRow[]> {
  return useQuery({
    queryKey: ["workloads", "ended", project ?? "*"],
    queryFn: async ({ signal }) => {
      const path = withQuery("/api/v1/workloads", { project, active: "false" });
      const ended = await getJson(path, itemsOf(readWorkload), signal);
      return ended.slice(0, shownEnded);
    },
  });
}
