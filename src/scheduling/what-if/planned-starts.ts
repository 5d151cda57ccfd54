import { Scheduler } from "../engine/scheduler.ts";
import type { ExpectedStart, ForecastStarts } from "../ports.ts";

/** Forecasts by the plans that one cycle makes: who starts now, and when the others start at the latest. */
export const plannedStarts: ForecastStarts = (snapshot, now) => {
  const engine = Scheduler.restore(snapshot);
  const { starts } = engine.cycle(now);
  const expected = new Map<string, ExpectedStart>();
  for (const { id, places } of starts) expected.set(id, { at: now, nodes: places.map((place) => place.node) });
  for (const { id } of snapshot.waiting) {
    const plan = engine.plannedStart(id);
    if (plan !== undefined) expected.set(id, { at: plan.at, nodes: plan.places.map((place) => place.node) });
  }
  return expected;
};
