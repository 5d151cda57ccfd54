import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { getJson, withQuery } from "./client.ts";
import { type Fields, itemsOf } from "./reading.ts";
import { projectPath } from "./resources.ts";

/** Something that a monitor saw and a person (or a retraining) should act on. */
export interface Alert {
  readonly id: string;
  readonly project: string;
  readonly monitor: string;
  readonly state: string;
  readonly severity: string;
  readonly message: string;
  readonly openedAt: number | null;
  readonly closedAt: number | null;
}

/** What a monitor found of one column, of the predictions, or of the outcomes. */
export interface Finding {
  readonly subject: string;
  readonly measure: string;
  readonly value: number;
  readonly threshold: number | null;
  readonly isDrift: boolean;
  readonly message: string;
}

/** One column's distribution in the reference window and live. */
export interface DistributionPair {
  readonly subject: string;
  readonly edges: readonly number[];
  readonly labels: readonly string[];
  readonly reference: readonly number[];
  readonly live: readonly number[];
}

/** One comparison of live traffic with the training window. */
export interface DriftReport {
  readonly id: string;
  readonly at: number;
  readonly verdict: string;
  readonly liveRows: number;
  readonly referenceRows: number;
  readonly from: number | null;
  readonly to: number | null;
  readonly message: string;
  readonly findings: readonly Finding[];
  readonly distributions: readonly DistributionPair[];
}

const refreshMs = 10_000;

function readAlert(fields: Fields): Alert {
  return {
    id: fields.textOr("id", ""),
    project: fields.textOr("project", ""),
    monitor: fields.textOr("monitor", fields.textOr("source", "")),
    state: fields.textOr("state", "open"),
    severity: fields.textOr("severity", "warning"),
    message: fields.textOr("message", ""),
    openedAt: fields.numberOr("openedAt", null),
    closedAt: fields.numberOr("closedAt", null),
  };
}

function readFinding(fields: Fields): Finding {
  return {
    subject: fields.textOr("subject", fields.textOr("column", "")),
    measure: fields.textOr("measure", ""),
    value: fields.numberOr("value", 0),
    threshold: fields.numberOr("threshold", null),
    isDrift: fields.flag("drift"),
    message: fields.textOr("message", ""),
  };
}

function readDistribution(fields: Fields): DistributionPair {
  return {
    subject: fields.textOr("subject", fields.textOr("column", "")),
    edges: fields.numbers("edges"),
    labels: fields.texts("labels"),
    reference: fields.numbers("reference"),
    live: fields.numbers("live"),
  };
}

function readReport(fields: Fields): DriftReport {
  return {
    id: fields.textOr("id", ""),
    at: fields.numberOr("at", 0),
    verdict: fields.textOr("verdict", ""),
    liveRows: fields.numberOr("liveRows", 0),
    referenceRows: fields.numberOr("referenceRows", 0),
    from: fields.numberOr("from", null),
    to: fields.numberOr("to", null),
    message: fields.textOr("message", ""),
    findings: fields.list("findings", readFinding),
    distributions: fields.list("distributions", readDistribution),
  };
}

/** Alerts, open ones first. */
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
      const reports = await getJson(
        `${projectPath(project)}/drift-monitors/${encodeURIComponent(name)}/reports`,
        itemsOf(readReport),
        signal,
      );
      return reports.toSorted((left, right) => right.at - left.at);
    },
    refetchInterval: refreshMs,
  });
}
