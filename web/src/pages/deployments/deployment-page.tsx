import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { gatherRollouts } from "../../api/gather-rollouts.ts";
import { type ResourceSummary, useResource } from "../../api/resources.ts";
import { useDeploymentLoad } from "../../api/deployment-load.ts";
import { useRolloutLooks, useTraffic } from "../../api/serving.ts";
import { ConditionsPanel } from "../../design/conditions-panel.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { SegmentFilter } from "../../design/filters.tsx";
import { Facts } from "../../design/figures.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { usePlace } from "../../design/use-place.ts";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { servedProtocol } from "../playground/served-protocol.ts";
import { deploymentStatus, isCompleted, isOpen, replicaCount, servedModel } from "./deployment-status.ts";
import { LoadPanels } from "./load-panels.tsx";
import "./load-test.css";
import { LoadTestPanel } from "./load-test-panel.tsx";
import { type ActionPlace, RolloutActions } from "./rollout-actions.tsx";
import { RefusalsPanel } from "./refusals-panel.tsx";
import { ReplicasPanel } from "./replicas-panel.tsx";
import { RolloutPanel } from "./rollout-panel.tsx";
import { ScalePanel } from "./scale-panel.tsx";
import { SplitBar } from "./split-bar.tsx";
import { TrafficPanels } from "./traffic-panels.tsx";

const minuteMs = 60_000;
const spans = [
  { value: "", label: "15 min" },
  { value: "1h", label: "1 h" },
  { value: "24h", label: "24 h" },
  { value: "7d", label: "7 d" },
];
const spanMinutes: Readonly<Record<string, number>> = { "": 15, "1h": 60, "24h": 1440, "7d": 10_080 };

/** One deployment: its traffic, its latency, and how its candidates fared. */
export function DeploymentPage(): ReactNode {
  const { project, name } = usePlace();
  const query = useResource("deployments", project, name);
  return (
    <QueryView query={query}>{(deployment) => <DeploymentView deployment={deployment} project={project} />}</QueryView>
  );
}

function DeploymentView({
  deployment,
  project,
}: {
  readonly deployment: ResourceSummary;
  readonly project: string;
}): ReactNode {
  const { state } = useUrlState();
  const spanMs = (spanMinutes[state["span"] ?? ""] ?? 15) * minuteMs;
  const traffic = useTraffic(project, deployment.name, spanMs);
  const load = useDeploymentLoad(project, deployment.name, spanMs);
  const status = deploymentStatus(deployment);
  const protocol = servedProtocol(deployment);
  return (
    <>
      <PageHead
        title={deployment.name}
        crumbs={
          <>
            <Link to="/deployments">Deployments</Link> / {project}
          </>
        }
        badge={<StateBadge state={deployment.phase} />}
        actions={
          <>
            {protocol !== null && (
              <Link
                className="button"
                to="/deployments/$project/$name/playground"
                params={{ project, name: deployment.name }}
              >
                Playground
              </Link>
            )}
            <SegmentFilter name="span" choices={spans} />
          </>
        }
      />
      <div className="grid-2">
        <div className="stack">
          <Panel title="Traffic split now">
            <SplitBar split={status.split} others={traffic.data?.points.map((point) => point.version) ?? []} />
          </Panel>
          <ScalePanel scale={status.scale} coldStartsMs={load.data?.coldStartsMs ?? []} />
        </div>
        <ServesPanel deployment={deployment} project={project} />
      </div>
      {isOpen(status.rollout) && <RolloutPanels deployment={deployment} project={project} />}
      <CrashLoopNotice conditions={deployment.conditions} />
      <ReplicasPanel replicas={status.replicas} loads={load.data?.replicas ?? []} />
      <QueryView query={traffic} skeletonLines={8}>
        {(found) => (
          <>
            <TrafficPanels traffic={found} />
            <RefusalsPanel traffic={found} />
          </>
        )}
      </QueryView>
      {load.data !== undefined && <LoadPanels load={load.data} hasObjective={deployment.spec.has("slo")} />}
      {protocol !== null && <LoadTestPanel project={project} name={deployment.name} isChat={protocol === "openai"} />}
      {!isOpen(status.rollout) && <RolloutPanels deployment={deployment} project={project} />}
      <ConditionsPanel conditions={deployment.conditions} />
    </>
  );
}

/** Says above the replicas that one of them ends again and again, and what to do. */
function CrashLoopNotice({ conditions }: { readonly conditions: ResourceSummary["conditions"] }): ReactNode {
  const loop = conditions.find(({ type, status }) => type === "CrashLoop" && status === "true");
  if (loop === undefined) return null;
  return (
    <div className="notice bad soft" role="alert">
      <strong>Crash loop</strong>
      <p>{loop.message}</p>
    </div>
  );
}

function placeOf(state: string): ActionPlace {
  return state === "paused" || state === "completed" ? state : "open";
}

function ServesPanel({
  deployment,
  project,
}: {
  readonly deployment: ResourceSummary;
  readonly project: string;
}): ReactNode {
  const status = deploymentStatus(deployment);
  const model = deployment.spec.textOr("model", "");
  return (
    <Panel title="Serves">
      <Facts
        facts={[
          [
            "Model",
            model === "" ? (
              <code key="model">{servedModel(deployment)}</code>
            ) : (
              <Link key="model" to="/models/$project/$name" params={{ project, name: model }}>
                {model}
              </Link>
            ),
          ],
          ["New versions by", status.strategy],
          ["Runtime", deployment.spec.textOr("runtime", "onnx")],
          ["Replicas", replicaCount(status.replicas)],
          ["Address", status.url === null ? "–" : <code key="url">{status.url}</code>],
        ]}
      />
    </Panel>
  );
}

function RolloutPanels({
  deployment,
  project,
}: {
  readonly deployment: ResourceSummary;
  readonly project: string;
}): ReactNode {
  const query = useRolloutLooks(project, deployment.name);
  const status = deploymentStatus(deployment);
  return (
    <QueryView query={query}>
      {(looks) => {
        const rollouts = gatherRollouts(looks, status.percents, status.rollout);
        if (rollouts.length === 0) {
          return (
            <Panel title="Rollouts">
              <EmptyState title="No rollout yet">
                An approved version that follows the champion takes over step by step, each with a test.
              </EmptyState>
            </Panel>
          );
        }
        return rollouts.map((rollout, index) => (
          <RolloutPanel
            key={rollout.id}
            rollout={rollout}
            actions={
              index === 0 && (isOpen(status.rollout) || isCompleted(status.rollout)) ? (
                <RolloutActions project={project} name={deployment.name} place={placeOf(rollout.state)} />
              ) : undefined
            }
          />
        ));
      }}
    </QueryView>
  );
}
