import { Fault } from "../../base/fault.ts";
import type { Instant } from "../../base/clock.ts";
import type { PendingReason, QueuedWorkload } from "../../compute/ports.ts";
import { checkItem } from "../engine/check-input.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { findReason } from "../explain/find-reason.ts";
import { type Blocker, lastingCodes } from "../explain/model.ts";
import type { Surroundings } from "./engine-snapshot.ts";
import { isLent, roleOf, toWorkItem } from "./to-work-item.ts";

/** Spans of time in a sentence: a reason that differs in them alone is the same reason, told at another moment. */
const spans = /\b(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+/g;

/**
 * Why the engine cannot be asked about a workload at all: its queue or its pools are not there for it, or it asks for
 * what nobody may ask; null when it can.
 */
export function findUnaskable(workload: QueuedWorkload, surroundings: Surroundings): ToldReason | null {
  if (surroundings.queueOf(workload) === undefined) {
    const { queue } = workload;
    const sentence = `never: it is to count against the queue ${queue}, and there is no such queue in the quota tree`;
    return reason("no-such-queue", sentence, [`make a project or a quota named ${queue}`, "leave the queue out"]);
  }
  const item = toWorkItem(workload, surroundings);
  if (item.pools.length === 0) return notTaken(workload, surroundings);
  try {
    checkItem(item);
    return null;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return reason("request-invalid", `never: ${error.message}`, ["ask for something else"]);
  }
}

function notTaken({ purpose, pools, topology }: QueuedWorkload, surroundings: Surroundings): ToldReason {
  const known = pools.flatMap((name) => surroundings.pools.get(name) ?? []);
  const names = pools.join(", ");
  if (!known.some(({ spec }) => isLent(spec, roleOf(purpose)))) {
    const sentence = `never: pool ${names} is not lent to workloads for ${purpose}`;
    return reason("pool-not-lent", sentence, [`set lend: true in pool ${names}`, "choose another pool"]);
  }
  const level = topology?.required ?? topology?.slice?.level ?? "";
  const sentence = `never: its members are to lie within one ${level}, and pool ${names} has no such level`;
  return reason("no-such-level", sentence, ["loosen its topology", `add the level ${level} to the pool's topology`]);
}

/** A reason with all that is known of those in the way. */
export interface ToldReason extends PendingReason {
  readonly blockers: readonly Blocker[];
}

/** Why a waiting workload waits, as of the engine's last cycle. Cost: its pools' nodes. */
export function tellReason(
  engine: Scheduler,
  workload: QueuedWorkload,
  surroundings: Surroundings,
  now: Instant,
): ToldReason {
  const unaskable = findUnaskable(workload, surroundings);
  if (unaskable !== null) return unaskable;
  const entry = engine.state.waiting.get(workload.id);
  if (entry === undefined) return reason("not-looked-at", "the scheduler has not looked at it yet", ["wait a moment"]);
  const { code, sentence, blockers, changes } = findReason(engine.state, entry, now);
  return { code, sentence, blockers, changes };
}

/** The part of the same reason that is stored. */
export function reasonOf(...asked: Parameters<typeof tellReason>): PendingReason {
  const { blockers, ...told } = tellReason(...asked);
  return { ...told, blockers: blockers.map(({ id, name, gpus }) => ({ id, name, gpus })) };
}

/** Reasons of which the engine does not know. */
const ownLastingCodes = ["no-such-queue", "request-invalid", "pool-not-lent", "no-such-level"] as const;

/** Whether waiting does not mend a reason. */
export function isLastingReason({ code }: Pick<PendingReason, "code">): boolean {
  return [...lastingCodes, ...ownLastingCodes].some((each) => each === code);
}

/** Whether two reasons say the same, whenever they say it. */
export function isSameReason(left: PendingReason, right: PendingReason): boolean {
  const gist = ({ code, sentence, blockers, changes }: PendingReason): string =>
    [code, sentence.replaceAll(spans, "…"), ...blockers.map(({ id }) => id), ...changes].join("\n");
  return gist(left) === gist(right);
}

function reason(code: string, sentence: string, changes: readonly string[]): ToldReason {
  return { code, sentence, blockers: [], changes };
}
