import { seededRandom } from "../../src/base/random.ts";
import { createBalancer, policyNames } from "../../src/serving/gateway/routing/create-balancer.ts";
import { type BalancerSettings, PolicyBalancer } from "../../src/serving/gateway/routing/policy-balancer.ts";
import {
  type RoutingOutcomeSummary,
  type RoutingScenario,
  simulateRouting,
} from "../../src/serving/simulator/simulate-routing.ts";
import { provenance } from "../provenance.ts";
import { CacheAwareRule, GreedyFirstToken, LoadAwareScore, PrefixHashOnly } from "./peer-rules.ts";
import { measureHashing, measurePicks } from "./pick-cost.ts";
import { harder, heldOut, studied, tokensPerBlock } from "./routing-scenarios.ts";
import { readOptions } from "../../tools/read-options.ts";

/**
 * Goodput of the balancer's policies, and of the rules of other routers, on a simulated fleet of LLM engines; and what a
 * pick costs by the number of replicas.
 */

const values = readOptions({
  seeds: { type: "string", default: "1,2,3,4,5" },
  sets: { type: "string", default: "studied,harder,held-out" },
  policies: { type: "string", default: "all" },
  "skip-cost": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
});

const settings: BalancerSettings = { tokensPerBlock, indexEntriesMax: 1 << 20 };
const peers = {
  "SMG rule": () => new CacheAwareRule(),
  "load-aware score": () => new LoadAwareScore(),
  "greedy first token": () => new GreedyFirstToken(),
  "prefix hash only": () => new PrefixHashOnly(),
} as const;
const sets = { studied, harder, "held-out": heldOut } as const;

const seeds = values.seeds.split(",").map(Number);
const everyName = [...policyNames, ...Object.keys(peers)];
const names = values.policies === "all" ? everyName : values.policies.split(",");

function balancerOf(name: string, seed: number): PolicyBalancer {
  const random = seededRandom(seed);
  const peer = Object.entries(peers).find(([known]) => known === name);
  if (peer !== undefined) return new PolicyBalancer(settings, peer[1](), random);
  const policy = policyNames.find((known) => known === name);
  if (policy === undefined) throw new Error(`there is no policy ${name}; there are: ${everyName.join(", ")}`);
  return createBalancer(policy, settings, random);
}

interface Row {
  readonly policy: string;
  readonly trials: readonly RoutingOutcomeSummary[];
}

function runScenario(scenario: RoutingScenario): readonly Row[] {
  return names.map((policy) => {
    process.stderr.write(`  ${scenario.name}: ${policy}\n`);
    const trials = seeds.map((seed) =>
      simulateRouting(scenario, (worker) => balancerOf(policy, seed * 1000 + worker), seed),
    );
    return { policy, trials };
  });
}

function mean(row: Row, of: (trial: RoutingOutcomeSummary) => number): number {
  return row.trials.reduce((sum, trial) => sum + of(trial), 0) / row.trials.length;
}

function deviation(row: Row, of: (trial: RoutingOutcomeSummary) => number): number {
  const middle = mean(row, of);
  const squares = row.trials.reduce((sum, trial) => sum + (of(trial) - middle) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, row.trials.length - 1));
}

function tableOf(scenario: RoutingScenario, rows: readonly Row[]): readonly string[] {
  const [first] = rows;
  const offered = first === undefined ? 0 : mean(first, (trial) => trial.offered);
  return [
    `**${scenario.name}** (${offered.toFixed(1)} requests/s came)`,
    "",
    "| policy | goodput, requests/s | first token p50 | p99 | cache hits | busiest/mean |",
    "|---|---|---|---|---|---|",
    ...rows.map((row) => {
      const goodput = `${mean(row, (trial) => trial.goodput).toFixed(2)} ± ${deviation(row, (trial) => trial.goodput).toFixed(2)}`;
      const p50 = `${mean(row, (trial) => trial.firstTokenP50Ms).toFixed(0)} ms`;
      const p99 = `${(mean(row, (trial) => trial.firstTokenP99Ms) / 1000).toFixed(2)} s`;
      const hits = `${(100 * mean(row, (trial) => trial.hitRate)).toFixed(1)} %`;
      return `| \`${row.policy}\` | ${goodput} | ${p50} | ${p99} | ${hits} | ${mean(row, (trial) => trial.imbalance).toFixed(2)} |`;
    }),
    "",
  ];
}

const scenarios = Object.entries(sets).flatMap(([set, list]) => (values.sets.split(",").includes(set) ? list : []));
const results = scenarios.map((scenario) => ({ scenario, rows: runScenario(scenario) }));
const costs = values["skip-cost"] ? [] : measurePicks(settings);
const hashing = values["skip-cost"] ? [] : [4096, 32_768].map((bytes) => ({ bytes, micros: measureHashing(bytes) }));
if (values.json) {
  const plain = results.map(({ scenario, rows }) => ({ scenario: scenario.name, seeds, rows }));
  process.stdout.write(`${JSON.stringify({ results: plain, costs, hashing })}\n`);
} else {
  const lines = [
    ...results.flatMap(({ scenario, rows }) => tableOf(scenario, rows)),
    "| policy | replicas | µs a pick and its end | members looked at, most |",
    "|---|---|---|---|",
    ...costs.map((cost) => `| \`${cost.policy}\` | ${cost.replicas} | ${cost.micros.toFixed(1)} | ${cost.looksMax} |`),
    "",
    ...hashing.map(({ bytes, micros }) => `Hashing the blocks of a prompt of ${bytes} bytes: ${micros.toFixed(1)} µs.`),
    "",
    ...provenance().map((line) => `- ${line}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
