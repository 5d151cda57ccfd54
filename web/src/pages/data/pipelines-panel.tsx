import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Fields } from "../../api/reading.ts";
import { type ResourceSummary, useResources } from "../../api/resources.ts";
import { EmptyState } from "../../design/empty-state.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge, StateMark } from "../../design/state-badge.tsx";
import { formatCount } from "../../words/numbers.ts";
import { toneOf } from "../../words/state-tone.ts";

/** The pipelines with their steps. */
export function PipelinesPanel({
  project,
  isShown,
}: {
  readonly project: string | undefined;
  readonly isShown: (pipeline: ResourceSummary) => boolean;
}): ReactNode {
  const query = useResources("pipelines", project);
  return (
    <Panel title="Pipelines" flush>
      <QueryView query={query}>
        {(pipelines) =>
          pipelines.length === 0 ? (
            <EmptyState title="No pipeline yet" command="millwright apply -f examples/flights">
              A pipeline makes datasets out of others, in steps of SQL.
            </EmptyState>
          ) : (
            <PipelineTable pipelines={pipelines.filter(isShown)} />
          )
        }
      </QueryView>
    </Panel>
  );
}

function PipelineTable({ pipelines }: { readonly pipelines: readonly ResourceSummary[] }): ReactNode {
  return (
    <table className="rows">
      <thead>
        <tr>
          <th>State</th>
          <th>Pipeline</th>
          <th>Steps</th>
        </tr>
      </thead>
      <tbody>
        {pipelines.map((pipeline) => (
          <PipelineRow key={pipeline.uid} pipeline={pipeline} />
        ))}
      </tbody>
    </table>
  );
}

function PipelineRow({ pipeline }: { readonly pipeline: ResourceSummary }): ReactNode {
  return (
    <tr>
      <td>
        <StateBadge state={pipeline.phase} />
      </td>
      <td>
        <strong>{pipeline.name}</strong>
        <div className="faint">{pipeline.project}</div>
      </td>
      <td>
        <div className="row wrap">
          {pipeline.status.list("steps", (step) => (
            <PipelineStep key={step.textOr("name", "")} step={step} />
          ))}
        </div>
      </td>
    </tr>
  );
}

/** A step; it leads to its workload in the queue, with its log, where it has one. */
function PipelineStep({ step }: { readonly step: Fields }): ReactNode {
  const state = step.textOr("state", "waiting");
  const rows = step.numberOr("rows", null);
  const seconds = step.numberOr("seconds", null);
  const name = <strong style={{ color: "var(--text)" }}>{step.textOr("name", "")}</strong>;
  return (
    <span className="tag" style={{ padding: "2px 8px" }} title={step.textOr("message", "")}>
      <StateMark tone={toneOf(state)} title={state} />{" "}
      {step.has("workload") ? (
        <Link to="/queue" search={{ open: step.textOr("workload", "") }}>
          {name}
        </Link>
      ) : (
        name
      )}
      {rows === null ? "" : ` ${formatCount(rows)} rows`}
      {step.flag("cached") ? ", from cache" : seconds === null ? "" : `, ${seconds.toFixed(1)} s`}
      {step.has("output") ? ` → ${step.textOr("output", "")}` : ""}
    </span>
  );
}
