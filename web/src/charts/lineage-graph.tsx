import type { ReactNode } from "react";
import { type LineageEdge, type LineageNode, layOutLineage, type PlacedNode } from "./lineage-layout.ts";

const boxWidth = 164;
const boxHeight = 46;
const columnGap = 30;
const rowGap = 14;
const labelCharacters = 23;

const colourOfKind: Readonly<Record<string, string>> = {
  dataset: "var(--series-3)",
  "feature-view": "var(--series-5)",
  "training-set": "var(--series-3)",
  code: "var(--series-7)",
  job: "var(--series-1)",
  run: "var(--series-1)",
  workload: "var(--series-6)",
  version: "var(--series-2)",
  evaluation: "var(--series-4)",
  deployment: "var(--series-8)",
  trigger: "var(--series-7)",
};

function short(text: string): string {
  return text.length > labelCharacters ? `${text.slice(0, labelCharacters - 1)}…` : text;
}

function Box({
  node,
  x,
  y,
  onOpen,
}: {
  readonly node: PlacedNode;
  readonly x: number;
  readonly y: number;
  readonly onOpen: ((node: LineageNode) => void) | undefined;
}): ReactNode {
  return (
    <g
      transform={`translate(${x} ${y})`}
      onClick={() => onOpen?.(node)}
      style={{ cursor: onOpen === undefined ? "default" : "pointer" }}
    >
      <title>{`${node.kind}: ${node.label}${node.note === "" ? "" : `\n${node.note}`}`}</title>
      <rect width={boxWidth} height={boxHeight} rx="6" fill="var(--panel-raised)" stroke="var(--line-strong)" />
      <rect width="4" height={boxHeight} rx="2" fill={colourOfKind[node.kind] ?? "var(--series-7)"} />
      <text x="13" y="15" style={{ fontSize: 10 }}>
        {node.kind.replaceAll("-", " ")}
      </text>
      <text x="13" y="29" className="strong" style={{ fontSize: 12 }}>
        {short(node.label)}
      </text>
      <text x="13" y="41" style={{ fontSize: 10 }}>
        {short(node.note)}
      </text>
    </g>
  );
}

/** A lineage as a drawing from left (what it was made from) to right (what came of it). */
export function LineageGraph({
  nodes,
  edges,
  onOpen,
}: {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
  readonly onOpen?: (node: LineageNode) => void;
}): ReactNode {
  const placed = layOutLineage(nodes, edges);
  const columns = Math.max(0, ...placed.map((node) => node.column)) + 1;
  const counts = new Map<number, number>();
  for (const node of placed) counts.set(node.column, (counts.get(node.column) ?? 0) + 1);
  const rows = Math.max(1, ...counts.values());
  const height = rows * (boxHeight + rowGap) - rowGap;
  const width = columns * (boxWidth + columnGap) - columnGap;
  const spotOf = (node: PlacedNode): { readonly x: number; readonly y: number } => {
    const own = (counts.get(node.column) ?? 1) * (boxHeight + rowGap) - rowGap;
    return { x: node.column * (boxWidth + columnGap), y: (height - own) / 2 + node.place * (boxHeight + rowGap) };
  };
  const spots = new Map(placed.map((node) => [node.id, spotOf(node)]));
  return (
    <div className="scroll">
      <svg
        className="figure-svg"
        viewBox={`-1 -1 ${width + 2} ${height + 2}`}
        style={{ maxWidth: width + 2, minWidth: Math.min(width, 760) }}
        role="img"
        aria-label="Lineage"
      >
        {edges.map((edge) => {
          const from = spots.get(edge.from);
          const to = spots.get(edge.to);
          if (from === undefined || to === undefined) return null;
          return (
            <Edge
              key={`${edge.from}>${edge.to}`}
              fromX={from.x + boxWidth}
              fromY={from.y + boxHeight / 2}
              toX={to.x}
              toY={to.y + boxHeight / 2}
            />
          );
        })}
        {placed.map((node) => (
          <Box key={node.id} node={node} {...spotOf(node)} onOpen={onOpen} />
        ))}
      </svg>
    </div>
  );
}

function Edge(spot: {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
}): ReactNode {
  const bend = Math.max(18, (spot.toX - spot.fromX) / 2);
  const path = `M${spot.fromX} ${spot.fromY} C${spot.fromX + bend} ${spot.fromY} ${spot.toX - bend} ${spot.toY} ${spot.toX} ${spot.toY}`;
  return <path d={path} fill="none" stroke="var(--line-strong)" strokeWidth="1.5" />;
}
