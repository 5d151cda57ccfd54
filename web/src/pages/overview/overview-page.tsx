import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useQueue } from "../../api/compute.ts";
import { useAlerts } from "../../api/monitoring.ts";
import { useStatus } from "../../api/platform.ts";
import { useModelVersions } from "../../api/registry.ts";
import { useResources } from "../../api/resources.ts";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { When } from "../../design/when.tsx";
import { kindWords } from "../../words/kind-words.ts";
import { useNeeds } from "../../shell/needs.ts";
import { PoolBars } from "../queue/pool-bars.tsx";
import { WorkloadLines } from "../queue/workload-lines.tsx";
import { type ChainFacts, chainStages } from "./chain.ts";
import { ChainStrip } from "./chain-strip.tsx";
import { EventFeed } from "./event-feed.tsx";

function useChainFacts(project: string | undefined): { readonly facts: ChainFacts; readonly error: unknown } {
  const datasets = useResources("datasets", project);
  const trainingJobs = useResources("training-jobs", project);
  const evaluations = useResources("evaluations", project);
  const versions = useModelVersions(project);
  const deployments = useResources("deployments", project);
  const monitors = useResources("drift-monitors", project);
  const alerts = useAlerts(project);
  const facts = {
    datasets: datasets.data ?? [],
    trainingJobs: trainingJobs.data ?? [],
    evaluations: evaluations.data ?? [],
    versions: versions.data ?? [],
    deployments: deployments.data ?? [],
    monitors: monitors.data ?? [],
    openAlerts: (alerts.data ?? []).filter((alert) => alert.state !== "resolved").length,
  };
  return { facts, error: datasets.error ?? trainingJobs.error ?? versions.error ?? deployments.error ?? null };
}

/** What runs, what waits, what needs a person. */
export function OverviewPage(): ReactNode {
  const { state } = useUrlState();
  const project = state["project"];
  const { facts, error } = useChainFacts(project);
  const queue = useQueue(project);
  return (
    <>
      <PageHead title="Overview" />
      {error !== null && <FailureNotice error={error} />}
      <ChainStrip stages={chainStages(facts)} />
      <div className="wide-left">
        <div className="stack">
          <NeedsPanel project={project} />
          <Panel title="Running and waiting" flush actions={<Link to="/queue">Queue</Link>}>
            <QueryView query={queue}>{({ workloads }) => <WorkloadLines workloads={workloads} />}</QueryView>
          </Panel>
          <Panel title="Latest events" flush actions={<Link to="/events">All events</Link>}>
            <EventFeed project={project} />
          </Panel>
        </div>
        <div className="stack">
          <Panel title="Pools">
            <QueryView query={queue}>{({ pools }) => <PoolBars pools={pools} />}</QueryView>
          </Panel>
          <CountsPanel />
        </div>
      </div>
    </>
  );
}

const needTones = { approval: "warning", alert: "warning", failure: "bad" } as const;

function NeedsPanel({ project }: { readonly project: string | undefined }): ReactNode {
  const needs = useNeeds(project);
  return (
    <Panel title="Needs a person" flush>
      {needs.length === 0 && (
        <p className="muted quiet-line">✓ Nothing waits for you. Approvals, alerts and failed jobs appear here.</p>
      )}
      {needs.map((need) => (
        <Link key={need.id} to={need.path} className="need">
          <StateBadge state={need.kind} tone={needTones[need.kind]} />
          <span className="grow">
            <strong>{need.title}</strong>
            <div className="message">{need.message}</div>
          </span>
          <When at={need.at} />
        </Link>
      ))}
    </Panel>
  );
}

function CountsPanel(): ReactNode {
  const status = useStatus();
  return (
    <Panel title="What there is">
      <QueryView query={status}>
        {({ counts, gatewayUrl, logSize }) => (
          <div className="stack tight">
            <div className="counts">
              {Object.entries(counts)
                .filter(([, count]) => count > 0)
                .map(([kind, count]) => (
                  <span key={kind}>
                    <strong>{count}</strong> <span className="muted">{kindWords(kind, count)}</span>
                  </span>
                ))}
              <span>
                <strong>{logSize.toLocaleString("en-US")}</strong> <span className="muted">events</span>
              </span>
            </div>
            {gatewayUrl !== null && (
              <div className="muted">
                Gateway <code>{gatewayUrl}</code>
              </div>
            )}
          </div>
        )}
      </QueryView>
    </Panel>
  );
}
