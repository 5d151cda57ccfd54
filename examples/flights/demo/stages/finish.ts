import { formatDuration } from "../../../../src/base/units.ts";
import { type Narration, type StageResult, table } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";
import type { Told } from "../story.ts";
import { quantile } from "../traffic.ts";

/** What `--json FILE` holds. */
export interface DemoResult {
  readonly stages: readonly StageResult[];
  readonly seconds: number;
  readonly auc: number | null;
  readonly baselineAuc: number | null;
  readonly trainingRows: number;
  readonly onlineOfflineMaxAbsDiff: number;
  readonly driftDetected: boolean;
  readonly canary: { readonly steps: readonly number[]; readonly rolledBackBad: boolean };
  readonly gateway: {
    readonly p50Ms: number | null;
    readonly p99Ms: number | null;
    readonly requests: number;
    readonly failures: number;
  };
  readonly auditOk: boolean;
}

/** The end: the whole log proven, a table of stages, the gateway's figures, and where to look. */
export async function finish(
  client: PlatformClient,
  narration: Narration,
  told: Told,
  elapsedSeconds: number,
  isKept: boolean,
): Promise<DemoResult> {
  const auditOk = await narration.stage("audit", "The whole event log is proven", async () => {
    const printed = await client.command(["audit", "verify"]);
    narration.say(printed.trim().replaceAll("\n", "\n   "));
    return { figures: { auditOk: true }, answer: true };
  });
  const latencies = told.tallies.flatMap((tally) => tally.latenciesMs);
  const gateway = {
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    requests: told.tallies.reduce((sum, tally) => sum + tally.requests, 0),
    failures: told.tallies.reduce((sum, tally) => sum + tally.failures, 0),
  };
  const rows = narration.stages.map((stage, index) => [
    String(index + 1),
    stage.name,
    formatDuration(stage.seconds * 1000),
    figuresOf(stage),
  ]);
  process.stdout.write(`\n${table(["#", "stage", "time", "figures"], rows)}\n\n`);
  const last = [
    `AUC ${show(told.auc)} against ${show(told.baselineAuc)} of the baseline, on ${told.trainingRows.toLocaleString("en")} training rows`,
    `gateway p50 ${gateway.p50Ms?.toFixed(1)} ms, p99 ${gateway.p99Ms?.toFixed(1)} ms over ${gateway.requests.toLocaleString("en")} requests, ${gateway.failures} failed (in the broken version's canary share)`,
    `event log ${auditOk ? "whole" : "NOT whole"}; ${formatDuration(elapsedSeconds * 1000)} in all`,
    isKept ? `the UI: ${client.controlUrl}/#key=${client.key}` : "look around in the UI with: npm run demo -- --keep",
  ];
  process.stdout.write(`${last.map((line) => `   ${line}`).join("\n")}\n`);
  const { tallies: _, ...figures } = told;
  return { stages: narration.stages, seconds: Math.round(elapsedSeconds * 10) / 10, ...figures, gateway, auditOk };
}

function show(value: number | null): string {
  return value === null ? "?" : value.toFixed(4);
}

function figuresOf(stage: StageResult): string {
  return Object.entries(stage)
    .filter(([name]) => name !== "name" && name !== "seconds")
    .map(
      ([name, value]) =>
        `${name} ${typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(4) : Array.isArray(value) ? value.join("→") : String(value)}`,
    )
    .join(", ");
}
