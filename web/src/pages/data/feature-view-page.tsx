import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type ResourceSummary, useResource } from "../../api/resources.ts";
import { ConditionsPanel } from "../../design/conditions-panel.tsx";
import { Facts } from "../../design/figures.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { CrumbsToData } from "./dataset-page.tsx";

/** One feature view: whom it is about, over what it rolls, and each feature's definition. */
export function FeatureViewPage(): ReactNode {
  const { project, name } = usePlace();
  const query = useResource("feature-views", project, name);
  return <QueryView query={query}>{(view) => <FeatureViewDetails view={view} project={project} />}</QueryView>;
}

function FeatureViewDetails({
  view,
  project,
}: {
  readonly view: ResourceSummary;
  readonly project: string;
}): ReactNode {
  const source = view.spec.fields("source").textOr("dataset", "");
  return (
    <>
      <PageHead
        title={view.name}
        crumbs={<CrumbsToData project={project} />}
        badge={<StateBadge state={view.phase} />}
      />
      <Panel title="Definition" note="the same for training sets and for serving">
        <Facts
          facts={[
            ["Entity", <code key="entity">{view.spec.texts("entity").join(", ")}</code>],
            [
              "Source",
              <Link key="source" to="/data/$project/$name" params={{ project, name: source }}>
                {source}
              </Link>,
            ],
            ["Known at", <code key="known">{view.spec.textOr("knownAt", "")}</code>],
            ["Checked against", view.status.textOr("checkedAgainst", "not yet")],
            ["A row sees", "only what was known before its own moment, within the window"],
          ]}
        />
      </Panel>
      <Panel title="Features" flush>
        <table className="rows">
          <thead>
            <tr>
              <th>Feature</th>
              <th>Aggregate</th>
              <th>Column</th>
              <th>Window</th>
            </tr>
          </thead>
          <tbody>
            {view.spec.list("features", (feature) => (
              <tr key={feature.textOr("name", "")}>
                <td className="mono">
                  <strong>{feature.textOr("name", "")}</strong>
                </td>
                <td>{feature.textOr("aggregate", "")}</td>
                <td className="mono">{feature.textOr("column", "–")}</td>
                <td>{feature.textOr("window", "")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Panel>
      <ConditionsPanel conditions={view.conditions} />
    </>
  );
}
