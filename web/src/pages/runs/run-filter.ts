import type { RunRow } from "../../../../src/tracking/model.ts";
import { matchesFilter, type UrlState } from "../../words/url-state.ts";

/** The runs that the page's address asks for. */
export function filterRuns(runs: readonly RunRow[], state: UrlState): readonly RunRow[] {
  return runs.filter((run) => {
    if (state["status"] !== undefined && run.status !== state["status"]) return false;
    if (state["experiment"] !== undefined && run.experiment !== state["experiment"]) return false;
    const params = Object.entries(run.params).map(([name, value]) => `${name}=${value}`);
    return matchesFilter(state["filter"] ?? "", [run.name, run.experiment, run.user, run.runId, ...params]);
  });
}

const shownMetrics = 5;
/** Metrics that people look for first, in this order. */
const preferred: readonly string[] = ["auc", "valid_auc", "validation_auc", "log_loss", "valid_log_loss", "brier"];

/** The metrics to show as columns: the well-known ones first, then those that most runs have. */
export function metricColumns(runs: readonly RunRow[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const run of runs) for (const name of Object.keys(run.metrics)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rank = (name: string): number => {
    const place = preferred.indexOf(name);
    return place === -1 ? preferred.length : place;
  };
  return [...counts]
    .toSorted(
      ([left, leftCount], [right, rightCount]) =>
        rank(left) - rank(right) || rightCount - leftCount || left.localeCompare(right),
    )
    .slice(0, shownMetrics)
    .map(([name]) => name);
}
