import type { Instant } from "../../base/clock.ts";
import type { QueuedWorkload } from "../../compute/ports.ts";
import type { EngineSettings, EngineSnapshot } from "../engine/model.ts";
import { Scheduler } from "../engine/scheduler.ts";
import { DurationForecasts } from "./duration-forecast.ts";
import { engineSnapshotOf, type Surroundings, surroundingsOf } from "./engine-snapshot.ts";
import type { World } from "./world.ts";

/** The platform as it was at one place of the event log, for those who ask about it. */
export interface ClusterView {
  readonly world: World;
  readonly surroundings: Surroundings;
  readonly snapshot: EngineSnapshot;
  readonly workloads: ReadonlyMap<string, QueuedWorkload>;
  /** An engine of its own, in which nothing was decided yet: whoever lets it decide makes another first. */
  readonly engine: Scheduler;
}

/** Makes a view of a world. Cost: that of a restart of the scheduler. */
export function viewOf(world: World, settings: EngineSettings, now: Instant): ClusterView {
  const forecasts = new DurationForecasts(world.ended);
  const surroundings = surroundingsOf(world.declared, (workload) => forecasts.of(workload));
  const snapshot = engineSnapshotOf(world, surroundings, settings, now);
  return {
    world,
    surroundings,
    snapshot,
    workloads: new Map(world.workloads.map((each) => [each.id, each])),
    engine: Scheduler.restore(snapshot),
  };
}
