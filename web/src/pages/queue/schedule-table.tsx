import type { ReactNode } from "react";
import type { NodeSchedule, NodeSpan } from "../../../../src/scheduling/live/model.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { formatCount } from "../../words/numbers.ts";
import { clockTime } from "../../words/relative-time.ts";
import { spanGpus, spanKind } from "./schedule-words.ts";

/** The most spans that the table lists; the chart has them all. */
const shownMax = 1000;

interface SpanRow {
  readonly key: string;
  readonly span: NodeSpan;
  readonly node: NodeSchedule;
}

function columnsOf(simulated: ReadonlySet<string>, now: number): readonly TableColumn<SpanRow>[] {
  return [
    {
      heading: "Workload",
      sortBy: ({ span }) => span.name,
      cell: ({ span }) => (
        <>
          <strong>{span.name}</strong>
          <div className="faint">{span.kind === "reserved" ? "reservation" : (span.project ?? "")}</div>
        </>
      ),
    },
    { heading: "Is", cell: ({ span }) => spanKind(span), sortBy: ({ span }) => span.kind },
    {
      heading: "Node",
      sortBy: ({ node }) => `${node.pool}/${node.node}`,
      cell: ({ node }) => (
        <>
          {node.node} <span className="faint">in {node.pool}</span>
        </>
      ),
    },
    {
      heading: "GPUs",
      cell: ({ span, node }) => spanGpus(span, node, simulated.has(node.pool)),
      sortBy: ({ span }) => span.gpuMillis,
    },
    {
      heading: "From",
      isNumber: true,
      cell: ({ span }) => clockTime(span.start, now),
      sortBy: ({ span }) => span.start,
    },
    {
      heading: "Until",
      isNumber: true,
      cell: ({ span }) => (span.end === null ? "no end" : clockTime(span.end, now)),
      sortBy: ({ span }) => span.end,
    },
  ];
}

/** The schedule as a table: the same spans as text. */
export function ScheduleTable({
  nodes,
  simulated,
  now,
  chosen,
  onOpen,
}: {
  readonly nodes: readonly NodeSchedule[];
  readonly simulated: ReadonlySet<string>;
  readonly now: number;
  readonly chosen: string | null;
  readonly onOpen: (id: string) => void;
}): ReactNode {
  const rows = nodes.flatMap((node) =>
    node.spans.map((span, index) => ({ key: `${node.pool}/${node.node}/${node.gpuModel ?? ""}/${index}`, span, node })),
  );
  if (rows.length === 0)
    return <EmptyState title="Nothing runs and nothing is planned here" command="millwright queue" />;
  return (
    <>
      <DataTable
        rows={rows.slice(0, shownMax)}
        columns={columnsOf(simulated, now)}
        keyOf={(row) => row.key}
        chosenKey={rows.find(({ span }) => span.id === chosen)?.key}
        onOpen={({ span }) => {
          if (span.kind !== "reserved" && span.id !== "") onOpen(span.id);
        }}
      />
      {rows.length > shownMax && (
        <p className="muted" style={{ padding: "8px 14px" }}>
          {formatCount(rows.length - shownMax)} more spans are in the chart only; choose one pool to list fewer.
        </p>
      )}
    </>
  );
}
