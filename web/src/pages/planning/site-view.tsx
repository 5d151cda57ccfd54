import type { ReactNode } from "react";
import { type SiteRow, useCalibration } from "../../api/planning.ts";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { formatCount } from "../../words/numbers.ts";

const kinds: Readonly<Record<string, string>> = {
  "queue-wait": "Wait in the queue",
  "training-duration": "Duration of training",
  "step-time": "Step of training",
  ttft: "Time to the first token",
  tpot: "Time of a token after it",
  power: "Watts of a node",
  failures: "Interruptions of GPUs",
};

const percent = (value: number | null): string => (value === null ? "–" : `${value.toFixed(0)} %`);
const reasons = ({ excluded }: SiteRow): string =>
  Object.entries(excluded)
    .map(([why, count]) => `${count} ${why}`)
    .join("; ");

/** Whose error an answer states, and what its reader is told of the other. */
const stated = ({ isOwn, n }: SiteRow): string =>
  isOwn
    ? "the site's own, the shipped one beside it"
    : n === 0
      ? "the shipped one"
      : "the shipped one, the site's beside it";

const drift = ({ drift: found }: SiteRow): string => {
  if (found === null) return "–";
  const { hasDrifted, recent, before, recentN } = found;
  const words = `last ${recentN}: ${recent.toFixed(2)} times the shipped one, before: ${before.toFixed(2)}`;
  return hasDrifted ? `Yes. ${words}` : `No. ${words}`;
};

const columns: readonly TableColumn<SiteRow>[] = [
  { heading: "What", cell: (row) => kinds[row.kind] ?? row.kind, sortBy: (row) => row.kind },
  { heading: "Of", cell: (row) => row.group, sortBy: (row) => row.group },
  { heading: "Compared", cell: (row) => formatCount(row.n), isNumber: true, sortBy: (row) => row.n },
  {
    heading: "Times the shipped one",
    cell: (row) => row.factor.toFixed(2),
    isNumber: true,
    sortBy: (row) => row.factor,
  },
  { heading: "Median error", cell: (row) => percent(row.median), isNumber: true, sortBy: (row) => row.median },
  { heading: "Bias", cell: (row) => percent(row.bias), isNumber: true, sortBy: (row) => row.bias },
  { heading: "In the 80 % interval", cell: (row) => percent(row.coverage80), isNumber: true },
  { heading: "Error", cell: (row) => row.words },
  { heading: "Stated in answers", cell: stated },
  { heading: "Drift", cell: drift },
  { heading: "Not compared", cell: reasons },
];

/** What was predicted on this site, beside what came, and how far that corrects the next prediction. */
export function SiteView(): ReactNode {
  const calibration = useCalibration();
  return (
    <Panel title="Predicted and measured on this site" flush>
      <QueryView query={calibration}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState title="Nothing was predicted here yet">
              Waits, durations and steps of training, token times, watts and interruptions are predicted as they come,
              and compared with what comes of them. Until then the errors of the shipped constants hold.
            </EmptyState>
          ) : (
            <DataTable rows={rows} columns={columns} keyOf={(row) => `${row.kind} ${row.group}`} />
          )
        }
      </QueryView>
    </Panel>
  );
}
