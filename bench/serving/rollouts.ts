import { writeFileSync } from "node:fs";
import {
  quantileOf,
  type SimulatedEnd,
  simulatedSpec,
  type SimulatedTruth,
  simulateRollout,
} from "../../src/serving/fixtures/simulated-rollout.ts";
import type { DeploymentSpec } from "../../src/serving/model.ts";
import { provenance } from "../provenance.ts";

/**
 * How often the default policies decide wrongly, and how soon rightly: seeded rollouts with a look every 100 requests, beside a
 * z-test at 5 % that is repeated at every look of the same rollouts. Writes docs/benchmarks/rollouts.md.
 */

const equal: SimulatedTruth = { championErrors: 0.01, candidateErrors: 0.01, latencyRatio: 1, latencySpread: 0.2 };
const canary = simulatedSpec({});
const comparison = simulatedSpec({ strategy: "ab" });
const canarySteps = [1, 5, 25, 50, 100] as const;
const maxRequests = 400_000;

function simulate(
  spec: DeploymentSpec,
  truth: SimulatedTruth,
  rollouts: number,
  most: number,
): readonly SimulatedEnd[] {
  return Array.from({ length: rollouts }, (_, index) => simulateRollout(spec, truth, index + 1, most));
}

function shareOf(ends: readonly SimulatedEnd[], isIt: (end: SimulatedEnd) => boolean): string {
  return `${((100 * ends.filter(isIt).length) / ends.length).toFixed(2)} %`;
}

function isAgainst({ kind }: SimulatedEnd): boolean {
  return kind === "rollback" || kind === "end";
}

/** Median and nine tenths of a number of the rollouts that were decided against. */
function untilDecided(ends: readonly SimulatedEnd[], pick: (end: SimulatedEnd) => number): string {
  const numbers = ends.filter(isAgainst).map(pick);
  return numbers.length === 0 ? "–" : `${quantileOf(numbers, 0.5)} / ${quantileOf(numbers, 0.9)}`;
}

function alarmRow(policy: string, what: string, spec: DeploymentSpec, truth: SimulatedTruth): string {
  const ends = simulate(spec, truth, 2_000, 40_000);
  const cells = [
    policy,
    what,
    shareOf(ends, isAgainst),
    shareOf(ends, (end) => end.kind === "complete"),
    shareOf(ends, (end) => end.kind === "open"),
    shareOf(ends, (end) => end.isNaiveAlarm),
  ];
  return `| ${cells.join(" | ")} |`;
}

function detectionRow(what: string, share: number, truth: SimulatedTruth): string {
  const steps = canarySteps.filter((step) => step >= share);
  const ends = simulate(simulatedSpec({ steps }), truth, 300, maxRequests);
  const cells = [
    what,
    `${share} %`,
    untilDecided(ends, (end) => end.requests),
    untilDecided(ends, (end) => end.candidateRequests),
    shareOf(ends, (end) => !isAgainst(end)),
  ];
  return `| ${cells.join(" | ")} |`;
}

function latencyRow(latencyRatio: number, latencySpread: number): string {
  return detectionRow(`latency × ${latencyRatio}, spread ${latencySpread}`, 5, {
    ...equal,
    latencyRatio,
    latencySpread,
  });
}

function comparisonRow(what: string, truth: SimulatedTruth): string {
  const ends = simulate(comparison, truth, 300, maxRequests);
  const cells = [what, untilDecided(ends, (end) => end.requests), shareOf(ends, (end) => !isAgainst(end))];
  return `| ${cells.join(" | ")} |`;
}

function paceRow(what: string, truth: SimulatedTruth, requestsPerSecond: number): string {
  const ends = Array.from({ length: 300 }, (_, index) =>
    simulateRollout(canary, truth, index + 1, maxRequests, requestsPerSecond),
  );
  const promoted = ends.filter((end) => end.kind === "complete").map((end) => end.requests);
  const cells = [
    what,
    `${requestsPerSecond}`,
    shareOf(ends, (end) => end.kind === "complete"),
    promoted.length === 0 ? "–" : `${quantileOf(promoted, 0.5)} / ${quantileOf(promoted, 0.9)}`,
    shareOf(ends, (end) => end.kind === "pause"),
    shareOf(ends, (end) => end.kind === "rollback"),
  ];
  return `| ${cells.join(" | ")} |`;
}

const errorRates = [0.02, 0.03, 0.05, 0.1] as const;
const page = [
  "# Benchmark: rollouts",
  "",
  "Simulated rollouts from seeds 1, 2, 3 …, each carried through the deciding code itself with a look every 100 requests, by the",
  "default policy of its strategy: a canary at 5, 25 and 50 % with margins of 1 % errors and twice the latency; an A/B comparison at 50 %",
  "whose bands are held against zero. The champion fails 1 % of its requests; *spread* is the standard deviation of the logarithms of",
  "latencies, 0.2 where none is named. But for the last table time stands still, so nothing pauses.",
  "",
  "## Decided against by mistake",
  "",
  "2,000 rollouts each, up to 40,000 requests. *Decided against*: rolled back, or for A/B ended by a decided metric; the policy bounds it",
  "by 5 % where the candidate is no worse. *Naive*: a z-test of the error rates at 5 % called a difference at one of the same looks, as happens",
  "where a threshold is watched.",
  "",
  "| strategy | what the candidate does | decided against | promoted | open at the end | naive alarms |",
  "|---|---|---|---|---|---|",
  alarmRow("canary", "nothing", canary, equal),
  alarmRow("canary", "nothing, latency spread 0.8", canary, { ...equal, latencySpread: 0.8 }),
  alarmRow("canary", "nothing; both fail 0.1 %", canary, { ...equal, championErrors: 0.001, candidateErrors: 0.001 }),
  alarmRow("canary", "nothing; both fail 10 %", canary, { ...equal, championErrors: 0.1, candidateErrors: 0.1 }),
  alarmRow("ab", "nothing", comparison, equal),
  alarmRow("canary", "errors 1 % → 1.25 %, a quarter of the margin", canary, { ...equal, candidateErrors: 0.0125 }),
  alarmRow("canary", "errors 1 % → 1.5 %, half of the margin", canary, { ...equal, candidateErrors: 0.015 }),
  alarmRow("canary", "latency × 1.5", canary, { ...equal, latencyRatio: 1.5 }),
  alarmRow("canary", "latency × 1.5, spread 0.8", canary, { ...equal, latencyRatio: 1.5, latencySpread: 0.8 }),
  "",
  "## Requests until harm is shown",
  "",
  "A canary that begins at the share and goes on by the default steps; 300 rollouts each; median / nine tenths. *Missed*: promoted, since the",
  "estimate lay within the margin at each step while harm was not shown. 1 % → 2 % lies exactly at the margin, where either answer is right.",
  "",
  "| what the candidate does | first share | requests of both versions | requests of the candidate | missed |",
  "|---|---|---|---|---|",
  ...errorRates.flatMap((candidateErrors) =>
    [1, 5, 25, 50].map((share) =>
      detectionRow(`errors 1 % → ${candidateErrors * 100} %`, share, { ...equal, candidateErrors }),
    ),
  ),
  ...[1, 5, 25, 50].map((share) =>
    detectionRow("errors 0.1 % → 2 %", share, { ...equal, championErrors: 0.001, candidateErrors: 0.02 }),
  ),
  ...[2, 2.5, 3, 4].flatMap((ratio) => [latencyRow(ratio, 0.2), latencyRow(ratio, 0.8)]),
  "",
  "## Requests until a comparison at 50 % is decided",
  "",
  "300 comparisons each; median / nine tenths.",
  "",
  "| what the candidate does | requests of both versions | undecided |",
  "|---|---|---|",
  comparisonRow("errors 1 % → 2 %", { ...equal, candidateErrors: 0.02 }),
  comparisonRow("errors 1 % → 3 %", { ...equal, candidateErrors: 0.03 }),
  comparisonRow("latency × 1.05", { ...equal, latencyRatio: 1.05 }),
  comparisonRow("latency × 1.05, spread 0.8", { ...equal, latencyRatio: 1.05, latencySpread: 0.8 }),
  "",
  "## Promotion, and pauses for a person",
  "",
  "300 rollouts each in which time passes: a step that decides nothing within an hour pauses. Median / nine tenths of requests of both versions.",
  "",
  "| what the candidate does | requests a second | promoted | requests until then | paused | rolled back |",
  "|---|---|---|---|---|---|",
  paceRow("nothing", equal, 10),
  paceRow("nothing", equal, 2),
  paceRow("errors 1 % → 2 %", { ...equal, candidateErrors: 0.02 }, 10),
  paceRow("errors 1 % → 2 %", { ...equal, candidateErrors: 0.02 }, 3),
  paceRow("errors 1 % → 3 %", { ...equal, candidateErrors: 0.03 }, 10),
  "",
  "A canary that changes nothing needs 500 requests of the candidate in each step, 10,000 + 2,000 + 1,000 of both: fewer than 2.8 a second",
  "do not bring the first step's within its hour.",
  "",
  ...provenance().map((line) => `- ${line}`),
  "",
].join("\n");
writeFileSync(new URL("../../docs/benchmarks/rollouts.md", import.meta.url), page);
process.stdout.write(page);
