import type { Instant } from "../../base/clock.ts";
import type { MemberPlace } from "../engine/model.ts";
import type { ClusterView } from "./cluster-view.ts";
import { reckonRun } from "../engine/reckon-run.ts";
import type { NodeSchedule, NodeSpan } from "./model.ts";

/** The planned future of every node, up to `to`. */
export function scheduleOf(view: ClusterView, to: Instant): readonly NodeSchedule[] {
  const spans = new Map<string, NodeSpan[]>();
  const add = (node: string, span: NodeSpan): void => {
    if (span.start >= to) return;
    spans.set(node, [...(spans.get(node) ?? []), span]);
  };
  addRuns(view, add);
  addPlans(view, add);
  addReservations(view, add);
  return [...view.surroundings.map.nodes].map(([id, machine]) => ({
    pool: machine.pool,
    node: machine.name,
    gpus: machine.gpus.length,
    gpuModel: machine.gpus[0]?.model ?? null,
    spans: (spans.get(id) ?? []).toSorted((left, right) => left.start - right.start || (left.id < right.id ? -1 : 1)),
  }));
}

type Add = (node: string, span: NodeSpan) => void;

function addRuns({ snapshot, workloads }: ClusterView, add: Add): void {
  for (const { item, places, startedAt, endBy } of snapshot.running) {
    const project = workloads.get(item.id)?.project ?? null;
    const span = {
      kind: "running" as const,
      start: startedAt,
      end: finite(endBy),
      id: item.id,
      name: item.name,
      project,
    };
    for (const place of places) add(place.node, { ...span, ...gpusOf(place), isHeld: false });
  }
}

function addPlans({ snapshot, world, workloads }: ClusterView, add: Add): void {
  const items = new Map(snapshot.waiting.map((item) => [item.id, item]));
  for (const plan of world.plans) {
    const item = items.get(plan.id);
    if (item === undefined) continue;
    const project = workloads.get(item.id)?.project ?? null;
    const end = finite(plan.at + reckonRun(item, snapshot.settings));
    const span = { kind: "planned" as const, start: plan.at, end, id: item.id, name: item.name, project };
    for (const place of plan.places) add(place.node, { ...span, ...gpusOf(place), isHeld: plan.heldUntil !== null });
  }
}

function addReservations({ snapshot, surroundings }: ClusterView, add: Add): void {
  for (const { id, start, end, nodes } of snapshot.reservations) {
    for (const node of nodes) {
      const gpus = surroundings.map.nodes.get(node)?.gpus ?? [];
      add(node, {
        kind: "reserved",
        start,
        end,
        id,
        name: id,
        project: null,
        gpuIndices: gpus.map((_, index) => index),
        gpuMillis: gpus.length * 1000,
        isHeld: false,
      });
    }
  }
}

function gpusOf({ gpus }: MemberPlace): Pick<NodeSpan, "gpuIndices" | "gpuMillis"> {
  return {
    gpuIndices: gpus.map(({ index }) => index),
    gpuMillis: gpus.reduce((sum, { millis }) => sum + millis, 0),
  };
}

function finite(at: Instant): Instant | null {
  return Number.isFinite(at) ? at : null;
}
