import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import { formatFigure } from "../../words/numbers.ts";
import { aheadWords } from "../../words/planned-start.ts";
import { clockTime } from "../../words/relative-time.ts";

const wholeGpu = 1000;

/** GPUs that a span holds: `4 × H100`, `0.5 × H100`, `no GPU`. */
export function spanGpus(span: NodeSpan, node: Pick<NodeSchedule, "gpuModel">, isSimulated: boolean): string {
  if (span.gpuMillis === 0) return "no GPU";
  const model = node.gpuModel ?? (span.gpuMillis === wholeGpu ? "GPU" : "GPUs");
  return `${formatFigure(span.gpuMillis / wholeGpu)} × ${model}${isSimulated ? " (simulated)" : ""}`;
}

const kinds: Readonly<Record<NodeSpan["kind"], string>> = {
  running: "runs",
  planned: "planned",
  reserved: "set aside",
};

/** What a span is, in one word or a few. */
export function spanKind(span: NodeSpan): string {
  return span.isHeld ? "planned, room is being made" : kinds[span.kind];
}

/** From when to when a span reaches, and how far that is from now. */
export function spanTime(span: NodeSpan, now: number): string {
  const start = span.start <= now ? `since ${clockTime(span.start, now)}` : `from ${clockTime(span.start, now)}`;
  if (span.end === null) return `${start}, without an end`;
  const end = `until ${clockTime(span.end, now)}`;
  if (span.end <= now) return `${start}, ${end} at first: it takes longer than reckoned`;
  const length = aheadWords(span.end, span.start).replace(/^in /, "");
  return span.start <= now
    ? `${start}, ${end} (${aheadWords(span.end, now)})`
    : `${start} (${aheadWords(span.start, now)}), ${end} (for ${length})`;
}

/** A span as one sentence, for those who do not see it. */
export function spanSentence(span: NodeSpan, node: NodeSchedule, isSimulated: boolean, now: number): string {
  const where = `on ${node.node} in pool ${node.pool}`;
  const whose = span.project === null ? "" : ` of project ${span.project}`;
  return `${span.name}${whose}, ${spanKind(span)} ${where}, ${spanGpus(span, node, isSimulated)}, ${spanTime(span, now)}`;
}
