import { canonicalJson } from "../base/canonical-json.ts";
import type { Instant } from "../base/clock.ts";
import type { Materialisation, OnlineFeatures } from "../features/ports.ts";
import { longestWindow } from "../features/view-columns.ts";
import type { OnlineView } from "./ports.ts";

/** What a filling is told apart by: another meaning of the view or another moment fills it anew; null stands for the present. */
export function fillFingerprint(view: OnlineView, until: Instant | null): string {
  return canonicalJson({ spec: view.spec, until });
}

/** Fills the online store with what a view's source knew in the longest window before `until`. Answers with the count of rows. */
export async function fillView(
  view: OnlineView,
  until: Instant,
  source: Materialisation,
  store: Pick<OnlineFeatures, "append">,
  signal: AbortSignal,
): Promise<number> {
  let rows = 0;
  const from = until - longestWindow(view.spec);
  for await (const batch of source.rows(view.project, view.name, from, until, signal)) {
    signal.throwIfAborted();
    await store.append(view.project, view.name, batch);
    rows += batch.length;
  }
  return rows;
}
