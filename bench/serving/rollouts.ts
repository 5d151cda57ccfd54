import { writeFileSync } from "node:fs";
import {
  medianOf,
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

interface Case {
  readonly what: string;
  readonly policy: string;
  readonly spec: DeploymentSpec;
  readonly truth: SimulatedTruth;
  readonly rollouts: number;
  readonly maxRequests: number;
}

const equal: SimulatedTruth = { championErrors: 0.01, candidateErrors: 0.01, latencyRatio: 1 };
const canary = simulatedSpec({});
const comparison = simulatedSpec({ strategy: "ab" });
const longest = 400_000;

const cases: readonly Case[] = [
  { what: "no effect", policy: "canary", spec: canary, truth: equal, rollouts: 2_000, maxRequests: 40_000 },
  {
    what: "errors 1 % → 2 %, exactly at the margin",
    policy: "canary",
    spec: canary,
    truth: { ...equal, candidateErrors: 0.02 },
    rollouts: 2_000,
    maxRequests: 100_000,
  },
  {
    what: "latency × 2, exactly at the margin",
    policy: "canary",
    spec: canary,
    truth: { ...equal, latencyRatio: 2 },
    rollouts: 2_000,
    maxRequests: 100_000,
  },
  ...[0.03, 0.05, 0.1].map((candidateErrors) => ({
    what: `errors 1 % → ${candidateErrors * 100} %`,
    policy: "canary",
    spec: canary,
    truth: { ...equal, candidateErrors },
    rollouts: 500,
    maxRequests: longest,
  })),
  { what: "no effect", policy: "ab, 50 %", spec: comparison, truth: equal, rollouts: 2_000, maxRequests: 40_000 },
  {
    what: "errors 1 % → 3 %",
    policy: "ab, 50 %",
    spec: comparison,
    truth: { ...equal, candidateErrors: 0.03 },
    rollouts: 500,
    maxRequests: longest,
  },
  {
    what: "latency × 1.05",
    policy: "ab, 50 %",
    spec: comparison,
    truth: { ...equal, latencyRatio: 1.05 },
    rollouts: 500,
    maxRequests: longest,
  },
];

function row(one: Case): string {
  const ends = Array.from({ length: one.rollouts }, (_, index) =>
    simulateRollout(one.spec, one.truth, index + 1, one.maxRequests),
  );
  const share = (isIt: (end: SimulatedEnd) => boolean): string =>
    `${((100 * ends.filter(isIt).length) / ends.length).toFixed(2)} %`;
  const against = ends.filter((end) => end.kind === "rollback" || end.kind === "end").map((end) => end.requests);
  const cells = [
    one.policy,
    one.what,
    String(one.rollouts),
    share((end) => end.kind === "rollback" || end.kind === "end"),
    share((end) => end.kind === "complete"),
    share((end) => end.kind === "open"),
    against.length === 0 ? "–" : String(medianOf(against)),
    share((end) => end.isNaiveAlarm),
  ];
  return `| ${cells.join(" | ")} |`;
}

const page = [
  "# Benchmark: rollouts",
  "",
  "Simulated rollouts from seeds 1, 2, 3 …, each carried through the deciding code itself with a look every 100 requests, by the",
  "default policy of its strategy: a canary at 5, 25 and 50 % that lets pass 1 % more errors and twice the latency; an A/B comparison",
  "whose bands are held against zero. The champion fails 1 % of its requests; logarithms of latencies have a standard deviation of 0.2.",
  "Time stands still, so nothing pauses. *Decided against*: rolled back, or for A/B ended by a decided metric. *Naive*: a z-test of the",
  "error rates at 5 % called a difference at one of the same looks, as happens where a threshold is watched. The first row of a",
  "strategy is its false alarms, which the policy bounds by 5 %.",
  "",
  "| strategy | what the candidate does | rollouts | decided against | promoted | open at the end | requests until then (median, all versions) | naive alarms |",
  "|---|---|---|---|---|---|---|---|",
  ...cases.map(row),
  "",
  "At 5 % a twentieth of the requests reach the candidate; one that lies beyond its margin stays there until the harm is shown.",
  "",
  ...provenance().map((line) => `- ${line}`),
  "",
].join("\n");
writeFileSync(new URL("../../docs/benchmarks/rollouts.md", import.meta.url), page);
process.stdout.write(page);
