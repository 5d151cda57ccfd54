import { askedGroups } from "./calibration/asked-groups.ts";
import type { PredictionKind, SiteRows } from "./calibration/model.ts";
import type { PlanningKind } from "./questions/model.ts";

/** Where comparisons are kept. */
interface Comparisons {
  measured(kind: PredictionKind, group: string): Promise<SiteRows["rows"]>;
}

/** What this site measured of predictions like those that a question asks for. */
export async function measuredLike(
  store: Comparisons,
  kind: PlanningKind,
  question: Readonly<Record<string, unknown>>,
): Promise<readonly SiteRows[]> {
  const groups = askedGroups(kind, question);
  return await Promise.all(
    groups.map(async (each) => ({ ...each, rows: await store.measured(each.kind, each.group) })),
  );
}
