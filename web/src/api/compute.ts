import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { ResourceRef } from "../../../src/platform/resource.ts";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf, itemsOf } from "./reading.ts";

/** Why a workload waits: the main reason, who is in its way, and what would help. */
export interface PendingReason {
  readonly code: string;
  readonly sentence: string;
  readonly blockers: readonly { readonly id: string; readonly name: string; readonly gpus: number }[];
  readonly changes: readonly string[];
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
  readonly reason: PendingReason | null;
  readonly node: string | null;
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

function readReason(fields: Fields): PendingReason {
  return {
    code: fields.textOr("code", ""),
    sentence: fields.textOr("sentence", ""),
    blockers: fields.list("blockers", (each) => ({
      id: each.textOr("id", ""),
      name: each.textOr("name", ""),
      gpus: each.numberOr("gpus", 0),
    })),
    changes: fields.texts("changes"),
  };
}

function readOutcome(fields: Fields): TaskOutcome {
  return {
    kind: fields.textOr("kind", "exited"),
    exitCode: fields.numberOr("exitCode", null),
    message: fields.textOr("message", ""),
  };
}

/** Reads a workload. */
export function readWorkload(fields: Fields): WorkloadRow {
  const asked = fields.fields("resources");
  const reason = fields.fieldsOrNull("reason");
  const outcome = fields.fieldsOrNull("outcome");
  return {
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
    cpus: asked.numberOr("cpus", 0),
    memory: asked.numberOr("memory", 0),
    gpus: asked.numberOr("gpus", 0),
    gpuModel: asked.textOr("gpuModel", null),
    reason: reason === null ? null : readReason(reason),
    node: fields.textOr("node", null),
    outcome: outcome === null ? null : readOutcome(outcome),
    queuedAt: fields.numberOr("queuedAt", null),
    startedAt: fields.numberOr("startedAt", null),
    endedAt: fields.numberOr("endedAt", null),
  };
}

function readCapacity(fields: Fields): Capacity {
  return { cpus: fields.numberOr("cpus", 0), memory: fields.numberOr("memory", 0), gpus: fields.numberOr("gpus", 0) };
}

function readPool(fields: Fields): PoolUse {
  return {
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
          return { workloads: fields.list("items", readWorkload), pools: fields.list("pools", readPool) };
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
