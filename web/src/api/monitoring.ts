import { useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import type { Alert, Distribution, DriftReport, Finding } from "../../../src/monitoring/model.ts";
import { getJson, postJson, withQuery } from "./client.ts";
import { type Fields, itemsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";

const refreshMs = 10_000;

const alertStates: readonly Alert["state"][] = ["open", "acknowledged", "resolved"];
const findingKinds: readonly Finding["kind"][] = ["input", "prediction", "label", "quality"];

function readAlert(fields: Fields): Alert {
  return {
    id: fields.text("id"),
    project: fields.textOr("project", ""),
    monitor: fields.textOr("monitor", ""),
    deployment: fields.textOr("deployment", ""),
    state: alertStates.find((each) => each === fields.textOr("state", "")) ?? "open",
    severity: "warning",
    message: fields.textOr("message", ""),
    reportId: fields.textOr("reportId", ""),
    openedAt: fields.numberOr("openedAt", 0),
    acknowledgedBy: fields.textOr("acknowledgedBy", null),
    acknowledgedAt: fields.numberOr("acknowledgedAt", null),
    closedAt: fields.numberOr("closedAt", null),
  };
}

function readFinding(fields: Fields): Finding {
  return {
    column: fields.textOr("column", ""),
    kind: findingKinds.find((each) => each === fields.textOr("kind", "")) ?? "input",
    statistic: fields.textOr("statistic", ""),
    value: fields.numberOr("value", 0),
    threshold: fields.numberOr("threshold", 0),
    floor: fields.numberOr("floor", null),
    pValue: fields.numberOr("pValue", null),
    distance: fields.numberOr("distance", null),
    drifted: fields.flag("drifted"),
    message: fields.textOr("message", ""),
  };
}

function readDistribution(fields: Fields): Distribution {
  return {
    column: fields.textOr("column", ""),
    edges: [...fields.numbers("edges")],
    labels: [...fields.texts("labels")],
    reference: [...fields.numbers("reference")],
    live: [...fields.numbers("live")],
  };
}

function readReport(fields: Fields): DriftReport {
  return {
    id: fields.text("id"),
    project: fields.textOr("project", ""),
    monitor: fields.textOr("monitor", ""),
    deployment: fields.textOr("deployment", ""),
    versionId: fields.textOr("versionId", ""),
    at: fields.numberOr("at", 0),
    verdict: fields.textOr("verdict", "") === "drifted" ? "drifted" : "steady",
    message: fields.textOr("message", ""),
    liveRows: fields.numberOr("liveRows", 0),
    liveOutcomes: fields.numberOr("liveOutcomes", 0),
    referenceRows: fields.numberOr("referenceRows", 0),
    from: fields.numberOr("from", 0),
    to: fields.numberOr("to", 0),
    findings: [...fields.list("findings", readFinding)],
    distributions: [...fields.list("distributions", readDistribution)],
    basis: fields.textOr("basis", ""),
  };
}

/** Alerts, the newest first. */
export function useAlerts(project: string | undefined): UseQueryResult<readonly Alert[]> {
  return useQuery({
    queryKey: ["alerts", project ?? "*"],
    queryFn: ({ signal }) => getJson(withQuery("/api/v1/alerts", { project }), itemsOf(readAlert), signal),
    refetchInterval: refreshMs,
  });
}

/** What a monitor found, the newest first. */
export function useDriftReports(project: string, name: string): UseQueryResult<readonly DriftReport[]> {
  return useQuery({
    queryKey: ["reports", project, name],
    queryFn: async ({ signal }) => {
      const path = `${projectPath(project)}/drift-monitors/${encodeURIComponent(name)}/reports`;
      const reports = await getJson(path, itemsOf(readReport), signal);
      return reports.toSorted((left, right) => right.at - left.at);
    },
    refetchInterval: refreshMs,
  });
}

/** Takes an alert on, or closes it. */
export function useAlertAction() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ alert, action }: { readonly alert: Alert; readonly action: "acknowledge" | "resolve" }) =>
      postJson(`${projectPath(alert.project)}/alerts/${encodeURIComponent(alert.id)}/${action}`, {}, (value) => value),
    onSettled: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
}
