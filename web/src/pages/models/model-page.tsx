import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useModelVersions, type VersionRow } from "../../api/registry.ts";
import { type ResourceSummary, useResource } from "../../api/resources.ts";
import { Plot } from "../../charts/plot.tsx";
import { ConditionsPanel } from "../../design/conditions-panel.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { formatFigure } from "../../words/numbers.ts";
import { VersionsTable } from "./versions-table.tsx";

/** One model with its versions. */
export function ModelPage(): ReactNode {
  const { project, name } = usePlace();
  const model = useResource("models", project, name);
  return <QueryView query={model}>{(found) => <ModelView model={found} project={project} />}</QueryView>;
}

function ModelView({ model, project }: { readonly model: ResourceSummary; readonly project: string }): ReactNode {
  const versions = useModelVersions(project, model.name);
  return (
    <>
      <PageHead
        title={model.name}
        crumbs={
          <>
            <Link to="/models">Models</Link> / {project}
          </>
        }
        badge={<StateBadge state={model.phase} />}
      />
      {model.spec.textOr("description", "") !== "" && <p className="muted">{model.spec.textOr("description", "")}</p>}
      <Panel title="Versions" flush>
        <QueryView query={versions}>{(all) => <VersionsTable versions={all} />}</QueryView>
      </Panel>
      <QueryView query={versions}>{(all) => <QualityPanel versions={all} />}</QueryView>
      <ConditionsPanel conditions={model.conditions} />
    </>
  );
}

function QualityPanel({ versions }: { readonly versions: readonly VersionRow[] }): ReactNode {
  const rated = versions.filter((version) => version.metrics["auc"] !== undefined).toReversed();
  if (rated.length < 2) return null;
  return (
    <Panel title="Quality by version" note="AUC in each version's own evaluation window">
      <Plot
        at={rated.map((version, index) => version.version ?? index + 1)}
        axis="count"
        label="AUC by version"
        placeName="Version"
        format={(value) => formatFigure(value, 4)}
        series={[
          { label: "AUC", colour: "--series-1", values: rated.map((version) => version.metrics["auc"] ?? null) },
          {
            label: "baseline",
            colour: "--series-7",
            isDashed: true,
            values: rated.map((version) => version.metrics["baselineAuc"] ?? null),
          },
        ]}
      />
    </Panel>
  );
}
