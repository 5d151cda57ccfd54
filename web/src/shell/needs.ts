import { useState } from "react";
import { useAlerts } from "../api/monitoring.ts";
import { useModelVersions } from "../api/registry.ts";
import { type ResourceSummary, useResources } from "../api/resources.ts";

/** Something that waits for a person. */
export interface Need {
  readonly id: string;
  readonly kind: "approval" | "alert" | "failure";
  readonly title: string;
  readonly message: string;
  readonly at: number | null;
  readonly path: string;
}

/** How far back failed jobs still ask for attention. */
const failureSpanMs = 24 * 3_600_000;

function reasonOf(resource: ResourceSummary): string {
  const condition = resource.conditions.findLast((each) => each.status === "false");
  const message = resource.status.textOr("message", "");
  return message === "" ? (condition?.message ?? "See its events for the cause") : message;
}

/** What waits for a person in a project, or everywhere: approvals, alerts, failed jobs and data. */
export function useNeeds(project: string | undefined): readonly Need[] {
  const versions = useModelVersions(project);
  const alerts = useAlerts(project);
  const jobs = useResources("training-jobs", project);
  const datasets = useResources("datasets", project);
  const [since] = useState(() => Date.now() - failureSpanMs);
  const approvals = (versions.data ?? [])
    .filter((version) => version.state === "passed")
    .map((version) => ({
      id: version.id,
      kind: "approval" as const,
      title: `${version.model} v${version.version ?? "?"} waits for approval`,
      message: "Its evaluation passed the gate; a second identity must approve it",
      at: version.registeredAt,
      path: `/models/${version.project}/${version.model}/${version.id}`,
    }));
  const open = (alerts.data ?? [])
    .filter((alert) => alert.state === "open")
    .map((alert) => ({
      id: alert.id,
      kind: "alert" as const,
      title: `Alert of ${alert.monitor}`,
      message: alert.message,
      at: alert.openedAt,
      path: `/drift/${alert.project}/${alert.monitor}`,
    }));
  const failed = [...(jobs.data ?? []), ...(datasets.data ?? [])]
    .filter((each) => each.phase === "failed" && each.updatedAt > since)
    .map((each) => ({
      id: each.uid,
      kind: "failure" as const,
      title: `${each.kind} ${each.name} failed`,
      message: reasonOf(each),
      at: each.updatedAt,
      path:
        each.kind === "Dataset" ? `/data/${each.project}/${each.name}` : `/events?kind=${each.kind}&name=${each.name}`,
    }));
  return [...approvals, ...open, ...failed];
}
