import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import { type GanttRow, layoutRow, stackRows } from "../../charts/gantt-layout.ts";

/** A heading above the nodes of a pool. */
export interface PoolItem {
  readonly kind: "pool";
  readonly key: string;
  readonly pool: string;
  readonly nodes: number;
  readonly gpus: number;
}

/** A node with its laid out spans. */
export interface NodeItem {
  readonly kind: "node";
  readonly key: string;
  readonly node: NodeSchedule;
  readonly row: GanttRow<NodeSpan>;
}

/** The chart from top to bottom, in pixels. */
export interface SchedulePlan {
  readonly items: readonly (PoolItem | NodeItem)[];
  /** Where each item begins. */
  readonly tops: readonly number[];
  readonly height: number;
}

const poolHeight = 28;
/** Pixels between two rows. */
export const rowGap = 6;

/** Puts nodes below the headings of their pools, both by name. */
export function planSchedule(nodes: readonly NodeSchedule[]): SchedulePlan {
  const byPool = Map.groupBy(nodes, (node) => node.pool);
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const items = [...byPool]
    .toSorted(([left], [right]) => compare(left, right))
    .flatMap(([pool, own]): readonly (PoolItem | NodeItem)[] => [
      {
        kind: "pool",
        key: pool,
        pool,
        nodes: own.length,
        gpus: own.reduce((sum, node) => sum + node.gpus, 0),
      },
      ...own
        .toSorted((left, right) => compare(left.node, right.node))
        .map((node) => ({
          kind: "node" as const,
          key: `${pool}/${node.node}/${node.gpuModel ?? ""}`,
          node,
          row: layoutRow(node.gpus, node.spans),
        })),
    ]);
  const { tops, end } = stackRows(
    items.map((item) => (item.kind === "pool" ? poolHeight : item.row.height)),
    rowGap,
  );
  return { items, tops, height: end };
}

/** The span that the keyboard is at: an item of the plan and one of its spans. */
export interface ScheduleCursor {
  readonly item: number;
  readonly span: number;
}

/** Where a key leads: left and right along a node, up and down to the span of another node that begins nearest in time. */
export function moveCursor(plan: SchedulePlan, cursor: ScheduleCursor | null, key: string): ScheduleCursor | null {
  const spans = (item: number): readonly NodeSpan[] => {
    const found = plan.items[item];
    return found?.kind === "node" ? found.node.spans : [];
  };
  const filled = plan.items.flatMap((_, item) => (spans(item).length > 0 ? [item] : []));
  const [first] = filled;
  if (first === undefined) return null;
  if (cursor === null || spans(cursor.item).length === 0) return { item: first, span: 0 };
  const last = spans(cursor.item).length - 1;
  const at = Math.min(cursor.span, last);
  if (key === "ArrowRight") return { ...cursor, span: Math.min(last, at + 1) };
  if (key === "ArrowLeft") return { ...cursor, span: Math.max(0, at - 1) };
  if (key === "Home") return { ...cursor, span: 0 };
  if (key === "End") return { ...cursor, span: last };
  const step = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  const item = filled[filled.indexOf(cursor.item) + step];
  if (item === undefined || step === 0) return { ...cursor, span: at };
  return { item, span: nearest(spans(item), spans(cursor.item)[at]?.start ?? 0) };
}

function nearest(spans: readonly NodeSpan[], start: number): number {
  let best = 0;
  for (const [index, span] of spans.entries()) {
    if (Math.abs(span.start - start) < Math.abs((spans[best]?.start ?? 0) - start)) best = index;
  }
  return best;
}
