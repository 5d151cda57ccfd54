import { Fault } from "../../base/fault.ts";
import type { Random } from "../../base/random.ts";
import {
  goalJudge,
  type Quantiles,
  type ServiceGoal,
  type SimulatedServing,
  type Simulation,
  simulateServing,
} from "./simulate-serving.ts";

/** How many replicas a load needs under a goal. */
export interface ReplicaCount {
  readonly replicas: number;
  /** The arrival rate at which one replica still keeps the goal, requests a second. */
  readonly goodputPerReplica: number;
  /** Share of requests that keep the goal at that rate. */
  readonly goodShare: number;
}

const requestsSimulated = 2000;
const rounds = 12;

/**
 * Finds the highest arrival rate at which a share of requests keeps the goal, by bisection over simulations, and from it the
 * replicas for a peak load.
 *
 * @param newRandom a fresh source for every simulation, so that rates are compared on the same draws.
 * @throws {Fault} `planning.layout-impossible` when not even a lone request keeps the goal.
 */
export function replicasForLoad(
  question: Omit<Simulation, "load" | "requests" | "goal">,
  goal: ServiceGoal,
  peakPerSecond: number,
  share: number,
  newRandom: () => Random,
): ReplicaCount {
  if (!(peakPerSecond > 0 && share > 0 && share < 1)) {
    throw new Fault(
      "planning.request-invalid",
      `wanted a positive peak and a share below 1, found ${peakPerSecond} and ${share}`,
    );
  }
  const judged = { ...question, goal, requests: requestsSimulated };
  const keepsGoal = goalJudge(judged, share, newRandom);
  const runAt = (perSecond: number): SimulatedServing =>
    simulateServing({ ...judged, load: { kind: "open", perSecond } }, newRandom());
  const most = mostPerSecond(keepsGoal);
  if (most === undefined) {
    const alone = runAt(leastPerSecond);
    throw goalOutOfReach(goodShareOf(alone), share, alone, goal);
  }
  return { replicas: Math.ceil(peakPerSecond / most), goodputPerReplica: most, goodShare: goodShareOf(runAt(most)) };
}

/** Requests that come one by one, a second; and more than any replica answers. */
const leastPerSecond = 1e-3;
const beyondPerSecond = 1e5;

/** The highest rate that keeps a goal, requests a second, by doubling and bisection; undefined where none does. */
export function mostPerSecond(keepsGoal: (perSecond: number) => boolean): number | undefined {
  let [low, high] = [leastPerSecond, 1];
  if (!keepsGoal(low)) return undefined;
  while (high < beyondPerSecond && keepsGoal(high)) [low, high] = [high, 2 * high];
  for (let round = 0; round < rounds; round += 1) {
    const middle = Math.sqrt(low * high);
    if (keepsGoal(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Whether one replica keeps the goal under its part of a load that so many share. */
export function keepsGoalAmong(
  question: Omit<Simulation, "load" | "requests" | "goal">,
  goal: ServiceGoal,
  perReplica: number,
  share: number,
  newRandom: () => Random,
): boolean {
  return goalJudge({ ...question, goal, requests: requestsSimulated }, share, newRandom)(perReplica);
}

/** A queue that grows for as long as it is watched keeps the goals only at first. */
function goodShareOf({ goodShare, goodShareLate }: SimulatedServing): number {
  return Math.min(goodShare, goodShareLate);
}

/** Not even requests that come one by one keep the goal: which of the two times is too long, and how long it is. */
function goalOutOfReach(alone: number, share: number, run: SimulatedServing, goal: ServiceGoal): Fault {
  const missed = [
    ...missedWords("the first token comes within", run.ttftSeconds, goal.ttftSeconds),
    ...missedWords("a token after it takes", run.tpotSeconds, goal.tpotSeconds),
  ];
  const told = missed.length === 0 ? "" : `: ${missed.join(", ")}`;
  const kept = `even a lone request keeps the goals in ${(100 * alone).toFixed(0)} % of cases where ${(100 * share).toFixed(0)} % are wanted`;
  const why = `${kept}${told}`;
  const message = `${why}; take more accelerators a replica, a faster one, or a wider goal`;
  return new Fault("planning.layout-impossible", message, { details: { why } });
}

function missedWords(what: string, { p50, p90 }: Quantiles, wanted: number): readonly string[] {
  return p90 <= wanted
    ? []
    : [`${what} ${milliseconds(p50)} for half and ${milliseconds(p90)} for 90 %, not ${milliseconds(wanted)}`];
}

function milliseconds(seconds: number): string {
  return `${Number((seconds * 1000).toPrecision(3)).toLocaleString("en-US")} ms`;
}
