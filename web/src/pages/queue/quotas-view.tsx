import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { QuotaUse } from "../../../../src/scheduling/live/model.ts";
import { useQuotaUse } from "../../api/quota-use.ts";
import { ManifestSample } from "../../design/manifest-sample.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { formatFigure, formatPercent } from "../../words/numbers.ts";
import { formatAmount, quotaNodeWords, resourceName } from "../../words/quota-words.ts";
import { QuotaBarLine } from "./quota-bar-line.tsx";
import { isQuotaDeclared, type QuotaTreeRow, quotaTreeRows } from "./quota-tree-rows.ts";

const indentPixels = 20;

const quotaSample = `kind: Quota
name: vision
spec:
  team: vision
  gpus:
    H100: { nominal: 4, borrowingLimit: 4 }`;

/** The quota tree: what each node has, uses, borrows and lends. */
export function QuotasView(): ReactNode {
  const uses = useQuotaUse();
  return (
    <Panel flush>
      <QueryView query={uses}>{(nodes) => <Tree nodes={nodes} />}</QueryView>
    </Panel>
  );
}

function Tree({ nodes }: { readonly nodes: readonly QuotaUse[] }): ReactNode {
  if (!isQuotaDeclared(nodes))
    return (
      <ManifestSample title="No quota is declared" manifest={quotaSample}>
        Everything is everybody's: whoever comes next in fair order gets what is free. A quota says what a team or a
        project may count on, and what it may borrow and lends while idle.
      </ManifestSample>
    );
  return (
    <>
      <table className="rows quota-tree">
        <thead>
          <tr>
            <th>Quota of</th>
            <th>Used, borrowed, lent</th>
            <th
              className="number"
              title="What it takes of what others could have too, by weight: who has less comes first"
            >
              Share
            </th>
            <th className="number" title="The share over time: each week counts half as much as the one after it">
              Past share
            </th>
            <th className="number">Waiting</th>
          </tr>
        </thead>
        <tbody>
          {quotaTreeRows(nodes).map((row) => (
            <Row key={row.use.id} row={row} />
          ))}
        </tbody>
      </table>
      <Legend />
    </>
  );
}

function Row({ row: { use, depth, waiting, lines, open } }: { readonly row: QuotaTreeRow }): ReactNode {
  const { sort, name } = quotaNodeWords(use.id);
  return (
    <tr>
      <td style={{ paddingLeft: 14 + depth * indentPixels }}>
        <strong>{name}</strong>
        <div className="faint">
          {sort}
          {use.weight !== 1 && `, weight ${formatFigure(use.weight)}`}
        </div>
      </td>
      <td className="quota-lines">
        {lines.map((line) => (
          <QuotaBarLine key={line.use.resource} line={line} />
        ))}
        {open.length > 0 && <div className="quota-open muted">{openWords(open)}</div>}
        {lines.length + open.length === 0 && <div className="quota-open faint">uses nothing</div>}
      </td>
      <td className="number">{use.parent === null ? "–" : formatPercent(use.share, 0)}</td>
      <td className="number">{use.parent === null ? "–" : formatPercent(use.pastShare, 0)}</td>
      <td className="number">
        {waiting === 0 ? (
          <span className="faint">0</span>
        ) : sort === "project" ? (
          <Link to="/queue" search={{ project: name, show: "waiting" }}>
            {waiting}
          </Link>
        ) : (
          waiting
        )}
      </td>
    </tr>
  );
}

/** What is used and no quota speaks of: nobody owns it, so nobody borrows it. */
function openWords(open: QuotaTreeRow["open"]): string {
  const amounts = open.map(({ resource, used }) =>
    resource === "memory"
      ? `${formatAmount(resource, used)} of memory`
      : `${formatAmount(resource, used)} ${resourceName(resource)}`,
  );
  return `Beside quotas: ${amounts.join(", ")}`;
}

function Legend(): ReactNode {
  return (
    <div className="legend gantt-legend">
      <span>
        <span className="quota-sample own" />
        used of its own
      </span>
      <span>
        <span className="quota-sample borrowed" />
        borrowed from others
      </span>
      <span>
        <span className="quota-sample lent" />
        its own, used by others
      </span>
      <span>
        <span className="quota-sample quota" />
        its own ends
      </span>
      <span>
        <span className="quota-sample limit" />
        may borrow up to here
      </span>
    </div>
  );
}
