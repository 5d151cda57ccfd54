import type { Instant } from "../../base/clock.ts";
import type { Claim } from "./claim.ts";
import type { EngineNode, Shape } from "./model.ts";
import { slack } from "./node-room.ts";
import type { Span } from "./whole-gpu-moments.ts";

/** What is taken of a node's CPUs and memory, from `times[i]` until the next time. */
export interface UseSteps {
  readonly times: readonly Instant[];
  readonly cpuMillis: readonly number[];
  readonly memory: readonly number[];
}

/** Sums up what claims take over time. Cost: claims × their log. */
export function sumUse(claims: readonly Claim[]): UseSteps {
  const starts = claims.toSorted((left, right) => left.start - right.start);
  const ends = claims.toSorted((left, right) => left.end - right.end);
  const times = [Number.NEGATIVE_INFINITY];
  const cpuMillis = [0];
  const memory = [0];
  const move = (at: Instant, claim: Claim, sign: 1 | -1): void => {
    const last = times.length - 1;
    const cpu = (cpuMillis[last] ?? 0) + sign * claim.cpuMillis;
    const bytes = (memory[last] ?? 0) + sign * claim.memory;
    const step = times[last] === at ? last : last + 1;
    times[step] = at;
    cpuMillis[step] = cpu;
    memory[step] = bytes;
  };
  let ended = 0;
  for (const claim of starts) {
    for (let first = ends[ended]; first !== undefined && first.end <= claim.start; first = ends[ended]) {
      move(first.end, first, -1);
      ended += 1;
    }
    move(claim.start, claim, 1);
  }
  for (let first = ends[ended]; first !== undefined && first.end < Number.POSITIVE_INFINITY; first = ends[ended]) {
    move(first.end, first, -1);
    ended += 1;
  }
  return { times, cpuMillis, memory };
}

/** The first moment in [from, before) from which a member's CPUs and memory are free for `durationMs`; `before` without one. */
export function firstWithAmounts(
  { times, cpuMillis, memory }: UseSteps,
  node: EngineNode,
  shape: Shape,
  { from, durationMs, before }: Span,
): Instant {
  const cpuMost = shape.cpuMillis === 0 ? Number.POSITIVE_INFINITY : node.cpuMillis - shape.cpuMillis + slack;
  const memoryMost = shape.memory === 0 ? Number.POSITIVE_INFINITY : node.memory - shape.memory + slack;
  let at = from;
  for (let step = stepAt(times, from); step < times.length; step += 1) {
    if ((times[step] ?? 0) >= at + durationMs) break;
    if ((cpuMillis[step] ?? 0) <= cpuMost && (memory[step] ?? 0) <= memoryMost) continue;
    at = times[step + 1] ?? Number.POSITIVE_INFINITY;
    if (at >= before) return before;
  }
  return Math.min(at, before);
}

/** The step that holds the moment. */
function stepAt(times: readonly Instant[], at: Instant): number {
  let low = 0;
  let high = times.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
}
