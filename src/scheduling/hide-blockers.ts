import type { PendingReason } from "../compute/ports.ts";

/** What stands for a workload whose name the reader may not know. */
const stranger = "a workload of another project";

/** Takes the names of blockers that the reader may not see out of a reason; their sizes stay. */
export function hideBlockers(reason: PendingReason, isVisible: (id: string) => boolean): PendingReason {
  const hidden = reason.blockers.filter((blocker) => !isVisible(blocker.id)).map((blocker) => blocker.name);
  const mask = (text: string): string => hidden.reduce((masked, name) => masked.replaceAll(name, stranger), text);
  return {
    code: reason.code,
    sentence: mask(reason.sentence),
    blockers: reason.blockers.map((blocker) =>
      isVisible(blocker.id) ? blocker : { id: "", name: stranger, gpus: blocker.gpus },
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
