import type { Instant } from "../../base/clock.ts";
import type { AdvanceReservation, MemberPlace } from "../engine/model.ts";
import type { PlayedSpan, Playback } from "./play-forward.ts";

/** What holds GPUs of a node for a while: one bar of a picture of nodes × time. */
export interface NodeSpan {
  readonly node: string;
  readonly id: string;
  /** For people: `TrainingJob/llama-pretrain`. */
  readonly name: string;
  /** Empty for a reservation. */
  readonly queue: string;
  readonly kind: "running" | "planned" | "reserved";
  /** When it began, also where that is past. */
  readonly start: Instant;
  /** Null for what never ends. */
  readonly end: Instant | null;
  /** The GPUs that it holds, wholly or in part; empty for none, and for a reservation, which holds the node. */
  readonly gpus: readonly number[];
  /** What it holds of them, in milli-GPUs. */
  readonly gpuMillis: number;
}

/** The most bars; the latest are left out. */
const spansMax = 100_000;

/** Puts what was played on the nodes, by node, then by start. */
export function planSpans(
  { spans }: Playback,
  reservations: readonly AdvanceReservation[],
  now: Instant,
): readonly NodeSpan[] {
  const bars = [
    ...spans.filter((span) => span.end > now).flatMap(barsOf),
    ...reservations.filter((each) => each.end > now).flatMap(barsOfReservation),
  ];
  const kept = bars.length <= spansMax ? bars : bars.toSorted((a, b) => a.start - b.start).slice(0, spansMax);
  return kept.toSorted(byNodeAndStart);
}

function byNodeAndStart(left: NodeSpan, right: NodeSpan): number {
  if (left.node !== right.node) return left.node < right.node ? -1 : 1;
  return left.start - right.start || (left.id < right.id ? -1 : left.id > right.id ? 1 : 0);
}

function barsOf({ item, start, end, places, isOld }: PlayedSpan): readonly NodeSpan[] {
  return [...Map.groupBy(places, (place) => place.node)].map(([node, members]) => ({
    node,
    id: item.id,
    name: item.name,
    queue: item.queue,
    kind: isOld ? "running" : "planned",
    start,
    end: Number.isFinite(end) ? end : null,
    gpus: gpusOf(members),
    gpuMillis: members.reduce((sum, { gpus }) => sum + gpus.reduce((part, gpu) => part + gpu.millis, 0), 0),
  }));
}

function gpusOf(members: readonly MemberPlace[]): readonly number[] {
  return [...new Set(members.flatMap(({ gpus }) => gpus.map((gpu) => gpu.index)))].toSorted((a, b) => a - b);
}

function barsOfReservation({ id, nodes, start, end }: AdvanceReservation): readonly NodeSpan[] {
  return nodes.map((node) => ({
    node,
    id,
    name: `reservation ${id}`,
    queue: "",
    kind: "reserved",
    start,
    end,
    gpus: [],
    gpuMillis: 0,
  }));
}
