import { canonicalJson } from "../../base/canonical-json.ts";
import type { PendingReason, QueuedWorkload } from "../../compute/ports.ts";
import type { WaitingCase } from "../ports.ts";
import type { EngineMirror } from "./engine-mirror.ts";
import { type PoolSituation, situationOf } from "./pool-situation.ts";
import { toWorkItem } from "./to-work-item.ts";

/** A pass looks at so many waiting workloads; with many nodes at fewer, since each look is at all nodes of its pools. */
const casesMax = 200;
const casesMin = 10;
const nodeLooksMax = 100_000;

/** Tells workloads why they wait, some in every pass, all in turn: who has no reason yet comes first. */
export class ReasonRound {
  /** Who was looked at in this round. */
  readonly #seen = new Set<string>();

  /** The reasons that differ from those that are stored, of the next workloads whose turn it is. */
  next(
    mirror: EngineMirror,
    explain: (given: Omit<WaitingCase, "now">) => PendingReason,
  ): ReadonlyMap<string, PendingReason> {
    const changed = new Map<string, PendingReason>();
    const cases = this.#choose(mirror);
    if (cases.length === 0) return changed;
    const pools = situationsOf(mirror, cases);
    const planned = plannedOf(mirror);
    for (const workload of cases) {
      const { surroundings, engine } = mirror;
      const item = surroundings.queueOf(workload) === undefined ? null : toWorkItem(workload, surroundings);
      const own = workload.pools.flatMap((name) => pools.get(name) ?? []);
      const reason = explain({ workload, item, engine, pools: own, planned });
      if (workload.reason !== null && canonicalJson(workload.reason) === canonicalJson(reason)) continue;
      changed.set(workload.id, reason);
      mirror.noteReason(workload.id, reason);
    }
    return changed;
  }

  #choose(mirror: EngineMirror): readonly QueuedWorkload[] {
    const { waiting } = mirror;
    const nodes = Math.max(1, mirror.surroundings.map.nodes.size);
    const most = Math.max(casesMin, Math.min(casesMax, Math.floor(nodeLooksMax / nodes)));
    const fresh = waiting.filter((each) => each.reason === null).slice(0, most);
    const told = waiting.filter((each) => each.reason !== null);
    const rest = told.filter((each) => !this.#seen.has(each.id)).slice(0, most - fresh.length);
    for (const { id } of rest) this.#seen.add(id);
    // All were looked at: the next pass begins again.
    if (told.every((each) => this.#seen.has(each.id))) this.#seen.clear();
    return [...fresh, ...rest];
  }
}

function situationsOf(mirror: EngineMirror, cases: readonly QueuedWorkload[]): ReadonlyMap<string, PoolSituation> {
  const { holding, surroundings } = mirror;
  const names = new Set(cases.flatMap((each) => each.pools));
  return new Map([...names].map((name) => [name, situationOf(name, surroundings.pools.get(name), holding)]));
}

/** Those that wait with a planned start, the earliest first. */
function plannedOf(mirror: EngineMirror): readonly QueuedWorkload[] {
  const planned = mirror.waiting.flatMap((workload) => {
    const at = mirror.engine.plannedStart(workload.id)?.at;
    return at === undefined ? [] : [{ workload, at }];
  });
  return planned
    .toSorted((left, right) => left.at - right.at || left.workload.queuedAt - right.workload.queuedAt)
    .map(({ workload }) => workload);
}
