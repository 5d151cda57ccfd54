import type { PendingReason } from "../compute/ports.ts";

/** What stands for a workload whose name the reader may not know. */
const stranger = "a workload of another project";

/** Takes the names and the owners of blockers that the reader may not see out of a reason; their sizes and ends stay. */
export function hideBlockers<Reason extends PendingReason>(reason: Reason, isVisible: (id: string) => boolean): Reason {
  const hidden = reason.blockers.filter((blocker) => !isVisible(blocker.id)).map((blocker) => blocker.name);
  const mask = (text: string): string => hidden.reduce((masked, name) => masked.replaceAll(name, stranger), text);
  return {
    ...reason,
    sentence: mask(reason.sentence),
    blockers: reason.blockers.map((blocker) =>
      isVisible(blocker.id)
        ? blocker
        : { ...blocker, id: "", name: stranger, ...("owner" in blocker ? { owner: null } : {}) },
    ),
    changes: [...new Set(reason.changes.map(mask))],
  };
}

/** Takes the names of workloads that the reader may not see; their sizes stay. */
export function hideNames<Named extends { readonly id: string; readonly name: string; readonly queue: string }>(
  named: readonly Named[],
  isVisible: (id: string) => boolean,
): readonly Named[] {
  return named.map((each) => (isVisible(each.id) ? each : { ...each, id: "", name: stranger, queue: "" }));
}
