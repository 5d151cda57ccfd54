import type { Instant } from "../../base/clock.ts";
import type { Amounts } from "../quota/model.ts";
import { amountsOf } from "./amounts.ts";
import type { IsIgnored } from "./claim.ts";
import type { EngineState } from "./engine-state.ts";
import type { Waiting } from "./entry.ts";
import { futureOptionsOf, type PlaceOption } from "./place-options.ts";
import type { FoundStart, PlaceAsk } from "./place-search.ts";
import { quotaMoment, type QuotaSpan, staysWithinQuota } from "./quota-moment.ts";

/** Room and quota are looked for in turn until a moment has both; so often at most. */
const roundsMax = 16;

/** So many uses of a quota, a power of two, are gone through for the price of a look at a node. */
const spansPerLookBits = 4;

/** The earliest start of a workload that has room and is within its quota; null when none is known. */
export function planStart(state: EngineState, entry: Waiting, now: Instant, isIgnored: IsIgnored): FoundStart | null {
  const spans = state.quotaSpans(entry);
  state.search.looks += spans.length >> spansPerLookBits;
  let best: FoundStart | null = null;
  for (const option of futureOptionsOf(state, entry)) {
    const before: Instant = best === null ? Number.POSITIVE_INFINITY : best.at;
    best = planIn(state, entry, option, spans, { from: now, before, isIgnored }) ?? best;
  }
  return best;
}

/** Whether the workload may start now without taking quota that an earlier turn of its queue is planned to use. */
export function leavesPlannedQuota(state: EngineState, entry: Waiting, ask: PlaceAsk, now: Instant): boolean {
  const asked = askedOf(ask);
  const keys = Object.keys(asked);
  const planned = state.plannedOf(entry.line);
  const left = Object.entries(state.shares.leftOf(entry.item.queue, keys));
  // Where there is enough for all that is planned as if it ran now, there is no need to look at the times.
  if (left.every(([key, amount]) => (asked[key] ?? 0) + (planned[key] ?? 0) <= amount)) return true;
  const limits = state.shares.limitsOf(entry.item.queue, keys);
  return staysWithinQuota(state.quotaSpans(entry), limits, asked, now, entry.reckonedMs);
}

function askedOf({ shape, max }: PlaceAsk): Amounts {
  const [model] = shape.gpuModels;
  return amountsOf(shape, max, shape.gpuModels.length === 1 ? (model ?? null) : null);
}

function planIn(
  state: EngineState,
  { item, reckonedMs }: Waiting,
  { pool, ask }: PlaceOption,
  spans: readonly QuotaSpan[],
  { from, before, isIgnored }: { readonly from: Instant; readonly before: Instant; readonly isIgnored: IsIgnored },
): FoundStart | null {
  const asked = askedOf(ask);
  const limits = state.shares.limitsOf(item.queue, Object.keys(asked));
  let at = from;
  for (let round = 0; round < roundsMax; round += 1) {
    const moment = quotaMoment(spans, limits, asked, at, reckonedMs);
    if (moment === null || moment >= before) return null;
    const found = state.search.findEarliest(pool, ask, moment, reckonedMs, before, isIgnored);
    if (found === null) return null;
    if (staysWithinQuota(spans, limits, asked, found.at, reckonedMs)) return found;
    at = found.at;
  }
  return null;
}
