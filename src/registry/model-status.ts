import type { Instant } from "../base/clock.ts";
import { type Condition, withCondition } from "../platform/resource.ts";
import { describeVersion } from "./approve.ts";
import { candidateAlias, championAlias, type ModelStatus } from "./model.ts";
import type { ModelVersion } from "./ports.ts";

/** What a model's versions say about it, for its status. */
export function modelStatus(before: ModelStatus, versions: readonly ModelVersion[], now: Instant): ModelStatus {
  const numberOf = (alias: string): number | null =>
    versions.find((version) => version.aliases.includes(alias))?.version ?? null;
  const waiting = versions.filter((version) => version.state === "passed");
  const champion = versions.find((version) => version.aliases.includes(championAlias));
  const served: Condition = {
    type: "HasChampion",
    status: champion === undefined ? "false" : "true",
    reason: champion === undefined ? "NoneApproved" : "Approved",
    message:
      champion === undefined
        ? "no version is approved yet, so none can serve"
        : `${describeVersion(champion)} is the champion`,
    since: now,
  };
  const first = waiting[0];
  const approval: Condition = {
    type: "NeedsApproval",
    status: first === undefined ? "false" : "true",
    reason: first === undefined ? "NoneWaits" : "Passed",
    message:
      first === undefined
        ? "no version waits for an approval"
        : `${waiting.map(describeVersion).join(", ")} passed and waits for an approval: millwright approve ${first.id}`,
    since: now,
  };
  return {
    phase: versions.length === 0 ? "empty" : waiting.length > 0 ? "waiting" : "ready",
    versions: versions.filter((version) => version.version !== null).length,
    candidates: versions.filter((version) => version.state === "candidate").length,
    waitingForApproval: waiting.length,
    champion: numberOf(championAlias),
    candidate: numberOf(candidateAlias),
    conditions: [...withCondition(withCondition(before.conditions, served), approval)],
  };
}
