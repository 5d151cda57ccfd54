import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useLineage, useModelVersion, type VersionRow } from "../../api/registry.ts";
import { LineageGraph } from "../../charts/lineage-graph.tsx";
import { Facts, Figures } from "../../design/figures.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { headlineFigures } from "./headline-figures.ts";
import { lineagePath } from "./lineage-links.ts";
import { formatCount, formatFigure } from "../../words/numbers.ts";
import { metricName } from "../../words/metric-names.ts";
import { dataDay } from "../../words/relative-time.ts";
import { DecisionPanel } from "./decision-panel.tsx";
import { EvaluationPanels } from "./evaluation-panels.tsx";
import { versionName } from "./versions-table.tsx";

/** One version of a model: where it came from, how good it is, who approved it. */
export function VersionPage(): ReactNode {
  const { project, version } = usePlace();
  const query = useModelVersion(project, version);
  return <QueryView query={query}>{(found) => <VersionView version={found} />}</QueryView>;
}

function VersionView({ version }: { readonly version: VersionRow }): ReactNode {
  const metrics = headlineFigures(version.metrics);
  return (
    <>
      <PageHead
        title={`${version.model} ${versionName(version)}`}
        crumbs={
          <>
            <Link to="/models">Models</Link> / {version.project} /{" "}
            <Link to="/models/$project/$name" params={{ project: version.project, name: version.model }}>
              {version.model}
            </Link>
          </>
        }
        badge={
          <>
            <StateBadge state={version.state} />
            {version.aliases.map((alias) => (
              <span key={alias} className="tag">
                {alias}
              </span>
            ))}
          </>
        }
        actions={
          <span className="muted">
            registered <When at={version.registeredAt} /> by {version.registeredBy}
          </span>
        }
      />
      {metrics.length > 0 && (
        <Figures facts={metrics.map(([label, value]) => ({ label: metricName(label), value: formatFigure(value) }))} />
      )}
      <LineagePanel version={version} />
      <div className="wide-left">
        <div className="stack">
          <EvaluationPanels version={version} />
        </div>
        <div className="stack">
          <DecisionPanel version={version} />
          <OriginPanel version={version} />
        </div>
      </div>
    </>
  );
}

function LineagePanel({ version }: { readonly version: VersionRow }): ReactNode {
  const navigate = useNavigate();
  const query = useLineage(version.project, version.id);
  return (
    <Panel title="Lineage" note="from its data on the left to where it serves on the right">
      <QueryView query={query} skeletonLines={6}>
        {({ nodes, edges }) => (
          <LineageGraph
            nodes={nodes}
            edges={edges}
            onOpen={(node) => {
              const path = lineagePath(version.project, node);
              if (path !== null) void navigate({ to: path });
            }}
          />
        )}
      </QueryView>
    </Panel>
  );
}

/** What it learnt from; nothing of a version that was registered without. */
function trainingFacts(set: VersionRow["lineage"]["trainingSet"]): readonly (readonly [string, string])[] {
  if (set === null) return [];
  return [
    ["Rows", formatCount(set.rows)],
    ["Window", `${dataDay(set.from)} to ${dataDay(set.to)}`],
  ];
}

function OriginPanel({ version }: { readonly version: VersionRow }): ReactNode {
  const { lineage } = version;
  return (
    <Panel title="Origin">
      <Facts
        facts={[
          [
            "Run",
            <Link key="run" to="/runs/$project/$runId" params={{ project: version.project, runId: lineage.runId }}>
              {lineage.runId.slice(0, 12)}
            </Link>,
          ],
          ["Training job", lineage.trainingJob],
          ["Started by", lineage.startedBy],
          ...trainingFacts(lineage.trainingSet),
          ["Datasets", lineage.datasets.join(", ")],
          ["Feature views", lineage.featureViews.join(", ")],
          [
            "Code",
            <code key="code" title={lineage.codeHash}>
              {lineage.codeHash.slice(0, 16)}
            </code>,
          ],
          [
            "File",
            <code key="file" title={version.sha256}>
              {version.sha256.slice(0, 16)}
            </code>,
          ],
          [
            "Inputs",
            <span key="inputs" className="mono">
              {version.inputs.join(", ")}
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}
