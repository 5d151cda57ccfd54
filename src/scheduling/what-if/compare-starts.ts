import type { Instant } from "../../base/clock.ts";
import type { ExpectedStart } from "../ports.ts";
import type { ClusterView } from "../live/cluster-view.ts";
import { submittedId } from "./change-world.ts";
import type { StartChange, WhatIfAnswer, WhatIfChange } from "./model.ts";

type Starts = ReadonlyMap<string, ExpectedStart>;

/** A start that moves by less than this is unchanged. */
const sameMs = 1_000;

/** Tells for whom a change moves the start, and whereto. */
export function compareStarts(
  views: { readonly before: ClusterView; readonly after: ClusterView },
  starts: { readonly before: Starts; readonly after: Starts },
  change: WhatIfChange,
  problems: readonly string[],
  now: Instant,
): WhatIfAnswer {
  const submitted = new Set(change.submit.map(({ name }) => submittedId(name)));
  const changes = views.after.snapshot.waiting.map((item): StartChange => {
    return {
      id: item.id,
      name: item.name,
      project: views.after.workloads.get(item.id)?.project ?? null,
      before: starts.before.get(item.id)?.at ?? null,
      after: starts.after.get(item.id)?.at ?? null,
    };
  });
  const others = changes.filter(({ id }) => !submitted.has(id));
  const moved = (each: StartChange): number =>
    (each.after ?? Number.MAX_SAFE_INTEGER) - (each.before ?? Number.MAX_SAFE_INTEGER);
  const byMove = (left: StartChange, right: StartChange): number => Math.abs(moved(right)) - Math.abs(moved(left));
  const sooner = others.filter((each) => moved(each) <= -sameMs).toSorted(byMove);
  const later = others.filter((each) => moved(each) >= sameMs).toSorted(byMove);
  return {
    at: now,
    sooner,
    later,
    submitted: changes.filter(({ id }) => submitted.has(id)),
    unchanged: others.length - sooner.length - later.length,
    problems: [...problems],
  };
}
