import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { isFault } from "../../src/base/fault.ts";
import { type PolicyName, policyNamed, policyNames } from "../../src/scheduling/placement/policy-named.ts";
import { oneAttemptRun } from "../../src/scheduling/simulator/one-attempt-run.ts";
import { readOpenbNodes, readOpenbPods } from "../../src/scheduling/simulator/trace/openb-trace.ts";
import { provenance } from "../provenance.ts";
import { type ExpectedValue, parseExpected } from "./expected-summary.ts";
import { type LevelSummary, summarise } from "./summarise-runs.ts";
import { readOptions } from "../../tools/read-options.ts";

const usage = `npm run --silent bench:scheduling -- --nodes NODES.csv --pods PODS.csv [--policy NAME] [--seeds 42..51] [--json]
  --policy    ${policyNames.join(", ")}; several separated by commas; all (default: all)
  --seeds     a range 42..51 or a list 42,43 (default: 42..51)
  --expected  a CSV of metric,workload,policy,arrived_pct,mean: adds published values and differences to the table;
              the workload is the name of the pods file without openb_pod_list_
  --json      one line: [{"policy","arrivedPct","mean","sd","n"}], unallocated GPU in percent of the capacity
`;
/** The most runs of one policy. */
const seedsMax = 1000;

/** Wrong words on the command line; the message says what was wanted. */
class UsageError extends Error {
  override readonly name = "UsageError";
}

async function main(): Promise<void> {
  const values = readOptions(
    {
      nodes: { type: "string" },
      pods: { type: "string" },
      policy: { type: "string", default: "all" },
      seeds: { type: "string", default: "42..51" },
      expected: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
    usage,
  );
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (values.nodes === undefined || values.pods === undefined) {
    throw new UsageError("give the node list with --nodes and the pod list with --pods");
  }
  const policies = parsePolicies(values.policy);
  const seeds = parseSeeds(values.seeds);
  const nodes = readOpenbNodes(await readFile(values.nodes, "utf8"));
  const pods = readOpenbPods(await readFile(values.pods, "utf8"));
  const expected = values.expected === undefined ? [] : parseExpected(await readFile(values.expected, "utf8"));
  const summaries = policies.flatMap((policy) => {
    const runs = seeds.map((seed) => {
      const start = performance.now();
      const run = oneAttemptRun(nodes, pods, (workload, random) => policyNamed(policy, workload, random), seed);
      const seconds = ((performance.now() - start) / 1000).toFixed(2);
      process.stderr.write(`${policy}, seed ${seed}: ${run.placed} of ${run.arrived} tasks placed in ${seconds} s\n`);
      return run.unallocatedPct;
    });
    return summarise(policy, runs);
  });
  const workload = basename(values.pods, ".csv").replace("openb_pod_list_", "");
  process.stdout.write(values.json ? `${JSON.stringify(summaries)}\n` : toTable(summaries, expected, workload));
}

function parsePolicies(text: string): readonly PolicyName[] {
  if (text === "all") return policyNames;
  return text.split(",").map((word) => {
    const name = policyNames.find((each) => each === word.trim());
    if (name === undefined) {
      throw new UsageError(`there is no policy ${JSON.stringify(word)}; there are: ${policyNames.join(", ")}, all`);
    }
    return name;
  });
}

function parseSeeds(text: string): readonly number[] {
  const range = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text);
  const first = Number(range?.[1]);
  const seeds =
    range === null
      ? text.split(",").map((word) => (/^\d{1,9}$/.test(word.trim()) ? Number(word) : Number.NaN))
      : Array.from({ length: Math.min(Number(range[2]) - first + 1, seedsMax + 1) }, (_, index) => first + index);
  if (seeds.length === 0 || seeds.length > seedsMax || seeds.some((seed) => Number.isNaN(seed))) {
    throw new UsageError(
      `--seeds wants a range such as 42..51 or a list such as 42,43, of at most ${seedsMax}; found ${JSON.stringify(text)}`,
    );
  }
  return seeds;
}

function toTable(summaries: readonly LevelSummary[], expected: readonly ExpectedValue[], workload: string): string {
  const rows = summaries.map((each) => {
    const published = expected.find(
      (value) => value.workload === workload && value.policy === each.policy && value.arrivedPct === each.arrivedPct,
    );
    const difference =
      published === undefined
        ? ""
        : `${each.mean >= published.mean ? "+" : "−"}${Math.abs(each.mean - published.mean).toFixed(2)}`;
    return `| ${workload} | ${each.policy} | ${each.arrivedPct} | ${each.mean.toFixed(2)} ± ${each.sd.toFixed(2)} | ${published?.mean.toFixed(2) ?? ""} | ${difference} | ${each.n} |`;
  });
  return [
    "| trace | policy | arrived % | unallocated GPU % | published | difference | n |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    ...provenance().map((line) => `- ${line}`),
    "",
  ].join("\n");
}

try {
  await main();
} catch (error) {
  const isExpected =
    error instanceof UsageError ||
    isFault(error) ||
    (error instanceof Error && "code" in error && error.code !== undefined);
  if (!isExpected) throw error;
  process.stderr.write(`${error.message}\n${isFault(error) ? "" : `\n${usage}`}`);
  process.exitCode = 2;
}
