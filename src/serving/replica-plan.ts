import type { Instant } from "../base/clock.ts";
import type { WorkloadState } from "../compute/ports.ts";
import { endStreak, pauseAfter } from "./crash-loop.ts";
import type { ServedVersion } from "./model.ts";
import type { ReplicaAddress } from "./runtimes/replica-files.ts";

/** A version of a model as a deployment runs it. */
export interface RunnableVersion {
  readonly versionId: string;
  /** The version's number as text. */
  readonly version: string;
  /** Input columns of the model, in order. */
  readonly columns: readonly string[];
}

/** What people are told of a version. */
export function servedVersion({ versionId, version }: ServedVersion): ServedVersion {
  return { versionId, version };
}

/** What is known of one replica that was started. */
export interface ReplicaFact extends RunnableVersion {
  /** The workload's id. */
  readonly id: string;
  /** Fingerprint of how it was started: pool, resources. */
  readonly signature: string;
  /** Its place among the replicas of its version, from 0. */
  readonly slot: number;
  /** Counts the starts in its place, from 1. */
  readonly generation: number;
  /** Whether it serves only to be compared with a candidate. */
  readonly isBaseline: boolean;
  readonly state: WorkloadState | "missing";
  /** Whether its workload is on its way out: cancelled, or told to make room. */
  readonly isLeaving: boolean;
  /** What the workload waits for, or how it ended. */
  readonly message: string;
  /** Where it listens, once ready. */
  readonly address: ReplicaAddress | null;
  /** Why it refuses to become ready: the model does not fit. */
  readonly problem: string | null;
  /** Whether it was ever ready. */
  readonly wasReady: boolean;
  readonly endedAt: Instant | null;
  /** The pool of its workload; null before there is one. */
  readonly pool: string | null;
  /** Of what there is too little for it to start, and since when it waits; null when it does not wait for that. */
  readonly shortage: { readonly of: "pool" | "quota"; readonly since: Instant } | null;
}

/** A replica to start. */
export interface ReplicaStart extends RunnableVersion {
  readonly slot: number;
  readonly generation: number;
  readonly isBaseline: boolean;
}

/** Which replicas a version is to have. */
export interface ReplicasWanted {
  readonly replicas: number;
  /** Fingerprint of how they are started now. */
  readonly signature: string;
  readonly isBaseline: boolean;
}

/** How the replicas of one version stand and what they need. */
export interface ReplicaPlan {
  readonly starts: readonly ReplicaStart[];
  readonly ready: readonly ReplicaFact[];
  /** Whether every place has a ready replica. */
  readonly isComplete: boolean;
  /** Why the version cannot be brought up; null when it can. */
  readonly failure: string | null;
  /** How often a replica of the version ended that should run on. */
  readonly crashes: number;
  /** What it waits for, for people. */
  readonly waitingFor: string;
}

/** Starts of a replica that never became ready before the version counts as failed. */
export const maxStarts = 3;

const liveStates: ReadonlySet<string> = new Set(["queued", "admitted", "starting", "running", "preempted"]);

/** Whether the replica's workload has not ended. */
export function isLive(replica: { readonly state: string }): boolean {
  return liveStates.has(replica.state);
}

/** Whether the replica takes requests; one that was told to stop takes no more of them, though it may still run. */
export function isReplicaReady(replica: ReplicaFact): boolean {
  return replica.state === "running" && replica.address !== null && !replica.isLeaving;
}

/**
 * Finds which replicas of a version are missing.
 *
 * A place whose replica ended is filled again after a pause that grows with each end, until one ran on for long; where none became ready
 * yet, `maxStarts` are tried; a replica that refused its model is not started again.
 */
export function planReplicas(
  version: RunnableVersion,
  wanted: ReplicasWanted,
  facts: readonly ReplicaFact[],
  now: Instant,
): ReplicaPlan {
  const own = facts.filter((fact) => fact.versionId === version.versionId && fact.isBaseline === wanted.isBaseline);
  const current = own.filter((fact) => fact.signature === wanted.signature);
  const places = Array.from({ length: wanted.replicas }, (_, slot) => placeOf(slot, current));
  const newest = places.map((place) => place.newest);
  const starts = places.flatMap((place) => startOf(version, wanted.isBaseline, place, now));
  const ready = current.filter(isReplicaReady);
  return {
    starts,
    // Replicas that were started in another way serve on until the new ones are ready.
    ready: ready.length > 0 ? ready : own.filter(isReplicaReady),
    isComplete: newest.every((fact) => fact !== undefined && isReplicaReady(fact)),
    failure: places.map(failureOf).find((failure) => failure !== null) ?? null,
    crashes: current.filter((fact) => fact.wasReady && !isLive(fact) && fact.state !== "cancelled").length,
    waitingFor: waitingFor(version, newest),
  };
}

function laterOf(left: ReplicaFact | undefined, right: ReplicaFact): ReplicaFact {
  return left === undefined || right.generation > left.generation ? right : left;
}

/** One place among the replicas of a version. */
interface Place {
  readonly slot: number;
  /** All that were started there in the present way. */
  readonly facts: readonly ReplicaFact[];
  readonly newest: ReplicaFact | undefined;
}

function placeOf(slot: number, current: readonly ReplicaFact[]): Place {
  const facts = current.filter((fact) => fact.slot === slot);
  return { slot, facts, newest: facts.reduce<ReplicaFact | undefined>(laterOf, undefined) };
}

function startOf(
  { versionId, version, columns }: RunnableVersion,
  isBaseline: boolean,
  place: Place,
  now: Instant,
): readonly ReplicaStart[] {
  const { slot, facts, newest } = place;
  const start = (generation: number): readonly ReplicaStart[] => [
    { versionId, version, columns, slot, isBaseline, generation },
  ];
  if (newest === undefined) return start(1);
  if (isLive(newest) || failureOf(place) !== null) return [];
  // One that we stopped ourselves did nothing wrong.
  if (newest.state === "cancelled") return start(newest.generation + 1);
  const streak = endStreak(facts);
  const isPaused = streak !== null && now < streak.lastAt + pauseAfter(streak);
  return isPaused ? [] : start(newest.generation + 1);
}

function failureOf({ facts, newest }: Place): string | null {
  if (newest === undefined || isLive(newest) || newest.wasReady || newest.state === "cancelled") return null;
  if (newest.problem !== null) return newest.problem;
  // Where one was ready, another can be: it is tried again and again, ever more rarely.
  if (facts.some((fact) => fact.wasReady)) return null;
  return newest.generation >= maxStarts
    ? `its replica ended ${maxStarts} times before it was ready: ${newest.message}`
    : null;
}

function waitingFor(version: RunnableVersion, newest: readonly (ReplicaFact | undefined)[]): string {
  const waiting = newest.find((fact) => fact === undefined || !isReplicaReady(fact));
  if (waiting === undefined) return `version ${version.version} starts`;
  return `version ${version.version}: replica ${waiting.state}${waiting.message === "" ? "" : `, ${waiting.message}`}`;
}
