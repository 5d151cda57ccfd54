import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { getJson } from "./client.ts";
import { type PendingReason, type PlannedStart, readPlannedStart, readReason } from "./compute.ts";
import { shortName } from "../words/short-name.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";

/** When a waiting workload starts. Moments are milliseconds since 1970; null: not within what was looked at. */
export interface StartForecast {
  /** As likely before as after. */
  readonly p50: number | null;
  /** Nine of ten start by then. */
  readonly p90: number | null;
  /** The latest, by limits alone. */
  readonly hardBound: number | null;
}

/** How estimates of p90 have held lately. */
export interface EstimateRecord {
  /** Whose they are: of the queue in the pool, of the pool, or of all. */
  readonly scope: string;
  readonly made: number;
  readonly held: number;
  /** Whether they are enough to correct others by. */
  readonly isCorrected: boolean;
}

/** A run that would stop so that another workload can start. */
export interface ForeseenEviction {
  readonly id: string;
  readonly name: string;
  readonly gpus: number;
  /** GPU-seconds of work that are lost with it. */
  readonly lostGpuSeconds: number;
}

/** One change of a waiting workload that makes it start at once. */
export interface StartEdit {
  /** What it changes, such as `shape.gpu.count`. */
  readonly field: string;
  readonly to: unknown;
  readonly sentence: string;
  readonly evicts: readonly ForeseenEviction[];
}

/** Why, when and after whom a waiting workload starts, as far as the server tells. */
export interface Explanation {
  readonly position: number | null;
  /** How many wait in its queue; null where the server does not tell. */
  readonly waitingInQueue: number | null;
  readonly plannedStart: PlannedStart | null;
  readonly reason: PendingReason | null;
  /** Whether waiting does not mend it. */
  readonly isLasting: boolean;
  readonly forecast: StartForecast | null;
  readonly record: EstimateRecord | null;
  /** Whom it has told to stop. */
  readonly evicts: readonly ForeseenEviction[];
  readonly edits: readonly StartEdit[];
}

/** An explanation plays the cluster forward and tries changes out: events ask for it at a slow pace, and so does time. */
const refreshMs = 15_000;

function readForecast(fields: Fields | null): StartForecast | null {
  if (fields === null) return null;
  return {
    p50: fields.numberOr("p50", null),
    p90: fields.numberOr("p90", null),
    hardBound: fields.numberOr("hardBound", null),
  };
}

function readRecord(fields: Fields | null): EstimateRecord | null {
  if (fields === null) return null;
  return {
    scope: fields.textOr("scope", ""),
    made: fields.numberOr("made", 0),
    held: fields.numberOr("held", 0),
    isCorrected: fields.flag("isCorrected"),
  };
}

function readEviction(fields: Fields): ForeseenEviction {
  return {
    id: fields.textOr("id", ""),
    name: shortName(fields.textOr("name", "")),
    gpus: fields.numberOr("gpus", 0),
    lostGpuSeconds: fields.numberOr("lostGpuSeconds", 0),
  };
}

function readEdit(fields: Fields): StartEdit {
  return {
    field: fields.textOr("field", ""),
    to: fields.value("to"),
    sentence: fields.textOr("sentence", ""),
    evicts: fields.list("evicts", readEviction),
  };
}

/** Reads why a workload waits; what an answer lacks is null or empty. */
export function readExplanation(value: unknown): Explanation {
  const fields = fieldsOf(value, "explanation");
  const reason = fields.fieldsOrNull("reason");
  return {
    position: fields.numberOr("position", null),
    waitingInQueue: fields.numberOr("waitingInQueue", null),
    plannedStart: readPlannedStart(fields.fieldsOrNull("plannedStart")),
    reason: reason === null ? null : readReason(reason),
    isLasting: reason?.flag("isLasting") ?? false,
    forecast: readForecast(fields.fieldsOrNull("eta")),
    record: readRecord(fields.fieldsOrNull("record")),
    evicts: fields.list("evicts", readEviction),
    edits: fields.list("edits", readEdit),
  };
}

/** Why a workload waits, asked anew while it does. */
export function useExplanation(project: string, id: string): UseQueryResult<Explanation> {
  return useQuery({
    queryKey: ["explanation", project, id],
    queryFn: ({ signal }) =>
      getJson(`${projectPath(project)}/workloads/${encodeURIComponent(id)}/why`, readExplanation, signal),
    refetchInterval: refreshMs,
  });
}
