import type { Instant } from "../../base/clock.ts";
import { heldMillis, memberMillis } from "../engine/amounts.ts";
import type { EngineState } from "../engine/engine-state.ts";
import type { Plan, Running, Waiting } from "../engine/entry.ts";
import { type WorkItem, wholeGpu } from "../engine/model.ts";
import type { NodeState } from "../engine/node-state.ts";
import { type Likelihood, runDuration, runEnd } from "../forecast/run-duration.ts";
import type { QuotaShortage } from "../quota/quota-fit.ts";
import type { Blocker } from "./model.ts";

/** How many blockers a reason names; the largest first. */
const blockersMax = 5;

/**
 * Who holds what a workload waits for on these nodes: those that its planned start waits for, where there is one, else
 * all; the largest first.
 */
export function findHolders(
  state: EngineState,
  entry: Waiting,
  hosts: readonly NodeState[],
  now: Instant,
): readonly Blocker[] {
  const { plan } = entry;
  const ids = new Set(plan === null ? [] : awaitedBy(state, plan));
  if (ids.size === 0) {
    for (const host of hosts) for (const claim of host.running) ids.add(claim.owner);
  }
  return blockersOfRuns(
    state,
    [...ids].flatMap((id) => state.running.get(id) ?? []),
    now,
  );
}

/** Runs on the planned places that must be gone by then. */
function* awaitedBy(state: EngineState, plan: Plan): Iterable<string> {
  for (const { node, gpus } of plan.places) {
    for (const claim of state.cluster.node(node)?.running ?? []) {
      const isInWay = gpus.length === 0 || claim.pieces.some((held) => gpus.some((gpu) => gpu.index === held.index));
      if (claim.end <= plan.at && isInWay) yield claim.owner;
    }
  }
}

/** Who holds the quota that a request is short of, the largest first: those below the node whose limit it is. */
export function findQuotaHolders(
  state: EngineState,
  { key, node }: Pick<QuotaShortage, "key" | "node">,
  now: Instant,
): readonly Blocker[] {
  const { tree } = state.shares;
  const under = (queue: string): boolean => {
    for (let at = tree.nodes.get(queue) ?? null; at !== null; at = at.parent) if (at.id === node) return true;
    return false;
  };
  const runs = [...state.running.values()].filter((run) => (run.amounts[key] ?? 0) > 0 && under(run.item.queue));
  return runs
    .toSorted((left, right) => (right.amounts[key] ?? 0) - (left.amounts[key] ?? 0) || byId(left.item, right.item))
    .slice(0, blockersMax)
    .map((run) => runningBlocker(state, run, now));
}

/** The largest of these runs, as blockers. */
export function blockersOfRuns(state: EngineState, runs: readonly Running[], now: Instant): readonly Blocker[] {
  return runs
    .toSorted((left, right) => gpusOfRun(right) - gpusOfRun(left) || byId(left.item, right.item))
    .slice(0, blockersMax)
    .map((run) => runningBlocker(state, run, now));
}

function gpusOfRun({ item, places }: Running): number {
  return heldMillis(item.shape, places) / wholeGpu;
}

/** Those whose planned starts, or reservations, keep what is free; the first to start first. */
export function findPromises(state: EngineState, owners: ReadonlySet<string>): readonly Blocker[] {
  const promises: { readonly at: Instant; readonly blocker: Blocker }[] = [];
  for (const owner of owners) {
    const reserved = state.reservations.get(owner);
    if (reserved !== undefined) {
      const { start, end, nodes } = reserved.reservation;
      const gpus = nodes.reduce((sum, id) => sum + (state.cluster.node(id)?.spec.gpus ?? 0), 0);
      const name = `reservation ${owner}`;
      promises.push({
        at: start,
        blocker: { id: owner, name, queue: "", gpus, kind: "reserved", ...surelyAt(end) },
      });
    }
    const entry = state.waiting.get(owner);
    if (entry !== undefined && entry.plan !== null)
      promises.push({ at: entry.plan.at, blocker: plannedBlocker(state, entry, entry.plan) });
  }
  return promises
    .toSorted((left, right) => left.at - right.at || byId(left.blocker, right.blocker))
    .slice(0, blockersMax)
    .map((promise) => promise.blocker);
}

/** A workload that waits and whose turn comes before. */
export function waitingBlocker({ item }: Waiting): Blocker {
  const gpus = (memberMillis(item.shape) * item.members.min) / wholeGpu;
  return { ...namesOf(item), gpus, kind: "waiting", endsBy: null, endsP50: null, endsP90: null };
}

function plannedBlocker(state: EngineState, { item }: Waiting, plan: Plan): Blocker {
  const gpus = heldMillis(item.shape, plan.places) / wholeGpu;
  const after = (likelihood: Likelihood): Instant => plan.at + runDuration(item, likelihood, state.settings);
  return { ...namesOf(item), gpus, kind: "planned", ...endsOf(item, plan.at, after) };
}

function runningBlocker(state: EngineState, run: Running, now: Instant): Blocker {
  const { item, startedAt, endBy, isStopping } = run;
  const gpus = gpusOfRun(run);
  if (isStopping) return { ...namesOf(item), gpus, kind: "stopping", ...surelyAt(endBy) };
  const after = (likelihood: Likelihood): Instant => runEnd(item, startedAt, now, likelihood, state.settings);
  return { ...namesOf(item), gpus, kind: "running", ...endsOf(item, startedAt, after) };
}

function namesOf({ id, name, queue }: WorkItem): Pick<Blocker, "id" | "name" | "queue"> {
  return { id, name, queue };
}

type Ends = Pick<Blocker, "endsBy" | "endsP50" | "endsP90">;

function surelyAt(at: Instant): Ends {
  const end = Number.isFinite(at) ? at : null;
  return { endsBy: end, endsP50: end, endsP90: end };
}

/** A limit bounds it; history tells what is likely. */
function endsOf({ limitMs, forecast }: WorkItem, from: Instant, after: (likelihood: Likelihood) => Instant): Ends {
  const endsBy = limitMs === null ? null : from + limitMs;
  if (forecast === null) return { endsBy, endsP50: null, endsP90: null };
  return { endsBy, endsP50: after("p50"), endsP90: after("p90") };
}

function byId(left: { readonly id: string }, right: { readonly id: string }): number {
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}
