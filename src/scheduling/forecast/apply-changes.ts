import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { EngineSnapshot, WorkItem } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { checkQuotaTree } from "../quota/check-quota-tree.ts";
import type { QuotaNode } from "../quota/model.ts";
import type { Change, NodeSelection } from "./model.ts";

/** A world in which changes were made. */
export interface ChangedWorld {
  readonly engine: Scheduler;
  /** Runs that lost their place with their node; they are to queue again. */
  readonly lost: readonly WorkItem[];
}

/**
 * Restores an engine and makes changes in it, in their order; the snapshot stays as it is.
 *
 * @throws {Fault} `platform.request-invalid` when a change names what is not there or breaks the quota tree; what the
 * engine refuses.
 */
export function applyChanges(snapshot: EngineSnapshot, changes: readonly Change[], now: Instant): ChangedWorld {
  const quota = changes.reduce(
    (tree, change) => (change.kind === "set-quota" ? replace(tree, change.quota) : tree),
    [...snapshot.quota],
  );
  const [violation] = checkQuotaTree(quota);
  if (violation !== undefined) throw invalid(violation.message);
  assertQueues(quota, snapshot);
  const engine = Scheduler.restore({ ...snapshot, quota });
  const lost = new Map<string, WorkItem>();
  for (const change of changes) apply(engine, change, now, lost);
  return { engine, lost: [...lost.values()] };
}

function replace(tree: readonly QuotaNode[], quota: QuotaNode): QuotaNode[] {
  const isKnown = tree.some((node) => node.id === quota.id);
  return isKnown ? tree.map((node) => (node.id === quota.id ? quota : node)) : [...tree, quota];
}

/** Queues in use must stay queues. */
function assertQueues(quota: readonly QuotaNode[], { waiting, running }: EngineSnapshot): void {
  const parents = new Set(quota.map((node) => node.parent));
  const items = [...waiting, ...running.map((run) => run.item)];
  const item = items.find(({ queue }) => parents.has(queue));
  if (item === undefined) return;
  throw invalid(`${item.id} is in queue ${item.queue}, which would have quotas below it; put those elsewhere`);
}

function apply(engine: Scheduler, change: Change, now: Instant, lost: Map<string, WorkItem>): void {
  switch (change.kind) {
    case "add-nodes":
      for (const node of change.nodes) {
        if (engine.state.cluster.node(node.id) !== undefined) throw invalid(`node ${node.id} is there already`);
        engine.setNode(node);
      }
      return;
    case "add-nodes-like":
      return addLike(engine, change);
    case "remove-nodes":
      for (const id of select(engine, change.which)) removeNode(engine, id, now, lost);
      return;
    case "drain-nodes":
      for (const id of select(engine, change.which)) {
        const node = engine.state.cluster.node(id);
        if (node !== undefined) engine.setNode({ ...node.spec, state: "draining" });
      }
      return;
    case "set-quota":
      return;
    case "submit":
      if (isKnown(engine, change.item.id)) throw invalid(`${change.item.id} is there already; give it another id`);
      return engine.submit(change.item);
    case "set-priority":
      return setPriority(engine, change.id, change.priority, now);
    case "edit":
      return edit(engine, change.item, now);
    case "cancel":
      if (!isKnown(engine, change.id) && !lost.delete(change.id)) {
        throw invalid(`${change.id} neither waits nor runs; see the queue for what does`);
      }
      return engine.finish(change.id, now);
    case "reserve":
      for (const id of change.reservation.nodes) assertNode(engine, id);
      return engine.reserve(change.reservation);
    case "cancel-reservation":
      if (!engine.state.reservations.has(change.id)) throw invalid(`there is no reservation ${change.id}`);
      return engine.cancelReservation(change.id);
  }
}

function removeNode(engine: Scheduler, id: string, now: Instant, lost: Map<string, WorkItem>): void {
  const items = new Map([...engine.state.running].map(([owner, run]) => [owner, run.item]));
  for (const owner of engine.removeNode(id, now)) {
    const item = items.get(owner);
    if (item !== undefined) lost.set(owner, item);
  }
}

function addLike(engine: Scheduler, change: Extract<Change, { kind: "add-nodes-like" }>): void {
  const model = assertNode(engine, change.like).spec;
  let number = 1;
  for (let added = 0; added < change.count; number += 1) {
    const id = `${change.like}-more-${number}`;
    if (engine.state.cluster.node(id) !== undefined) continue;
    engine.setNode({ ...model, id, state: "ready", domains: change.domains ?? model.domains });
    added += 1;
  }
}

function setPriority(engine: Scheduler, id: string, priority: number, now: Instant): void {
  const waiting = engine.state.waiting.get(id);
  if (waiting === undefined) throw invalid(`${id} does not wait, so its priority changes nothing; see the queue`);
  engine.finish(id, now);
  engine.submit({ ...waiting.item, priority });
}

function edit(engine: Scheduler, item: WorkItem, now: Instant): void {
  if (!engine.state.waiting.has(item.id))
    throw invalid(`${item.id} does not wait, so it cannot be changed; see the queue`);
  engine.finish(item.id, now);
  engine.submit(item);
}

function isKnown(engine: Scheduler, id: string): boolean {
  return engine.state.waiting.has(id) || engine.state.running.has(id);
}

function assertNode(engine: Scheduler, id: string) {
  const node = engine.state.cluster.node(id);
  if (node === undefined) throw invalid(`there is no node ${id}`);
  return node;
}

/** The nodes of a selection, by id. */
function select(engine: Scheduler, which: NodeSelection): readonly string[] {
  if ("nodes" in which) {
    for (const id of which.nodes) assertNode(engine, id);
    return which.nodes;
  }
  const pool = engine.state.cluster.pool(which.pool);
  if (pool === undefined) throw invalid(`there is no pool ${which.pool}`);
  const depth = pool.spec.levels.indexOf(which.level);
  if (depth === -1) {
    throw invalid(`pool ${which.pool} has no level ${which.level}; it has ${pool.spec.levels.join(", ") || "none"}`);
  }
  const ids = pool.nodes.filter((node) => node.spec.domains[depth] === which.domain).map((node) => node.spec.id);
  if (ids.length === 0) throw invalid(`pool ${which.pool} has no ${which.level} ${which.domain}`);
  return ids;
}

function invalid(message: string): Fault {
  return new Fault("platform.request-invalid", message);
}
