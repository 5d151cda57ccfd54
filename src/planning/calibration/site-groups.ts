import type { ServedLoad } from "../../serving/ports.ts";
import type { PredictionKind, Settlement } from "./model.ts";
import { isSameLoad, loadOf } from "./serving-question.ts";

/** The group in which times that the planner predicted for a training run are compared and corrected. */
export function trainingGroup(accelerator: string, stack: string): string {
  return `${accelerator} ${stack}`;
}

/** The group in which times of a served model are compared and corrected. */
export function servingGroup(accelerator: string, engine: string): string {
  return `${accelerator} ${engine}`;
}

/** What came of a time that was foreseen of a deployment, from the whole hour that it was foreseen for. */
export function settleServing(
  kind: PredictionKind,
  foreseen: Readonly<Record<string, number>>,
  served: ServedLoad | undefined,
): Settlement {
  const load = served === undefined ? undefined : loadOf(served, foreseen["replicas"] ?? 0);
  const measured = kind === "ttft" ? served?.ttftSeconds : served?.tpotSeconds;
  if (load === undefined || measured === undefined || measured === null) {
    return { kind: "excluded", why: "too few streams in the hour" };
  }
  if (!isSameLoad(foreseen, load)) return { kind: "excluded", why: "the load became another one" };
  return { kind: "measured", value: measured };
}
