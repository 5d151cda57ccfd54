import type { ReactNode } from "react";
import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import { spanGpus, spanKind, spanTime } from "./schedule-words.ts";

const width = 300;
const distance = 14;
const height = 96;

/** What the pointer is at, beside it and inside the window. */
export function ScheduleTip({
  span,
  node,
  x,
  y,
  isSimulated,
  now,
}: {
  readonly span: NodeSpan;
  readonly node: NodeSchedule;
  readonly x: number;
  readonly y: number;
  readonly isSimulated: boolean;
  readonly now: number;
}): ReactNode {
  const left = Math.max(8, Math.min(x + distance, globalThis.innerWidth - width - 8));
  const top = y + distance + height > globalThis.innerHeight ? y - distance - height : y + distance;
  return (
    <div className="page-tip" style={{ left, top, width }} role="presentation">
      <strong>{span.name}</strong>
      <div className="muted">
        {spanKind(span)}
        {span.project !== null && ` · project ${span.project}`}
      </div>
      <div>
        {spanGpus(span, node, isSimulated)} on {node.node}
      </div>
      <div>{spanTime(span, now)}</div>
    </div>
  );
}
