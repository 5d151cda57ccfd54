import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";
import { settled } from "./data.ts";

const trainingLimitMs = 300_000;
const evaluationLimitMs = 180_000;

/** A version of the model, as the registry answers with it. */
export interface Version {
  readonly id: string;
  readonly version: number | null;
  readonly state: string;
  readonly aliases: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly lineage: {
    readonly trainingSet: { readonly rows: number };
    readonly startedBy: string;
    readonly codeHash: string;
    readonly datasets: readonly string[];
  };
  readonly verdict?: { readonly passed: boolean; readonly message: string } | null;
}

/** Follows a training job to its candidate. */
export async function followTraining(client: PlatformClient, narration: Narration, job: string) {
  const status = await settled(client, narration, {
    plural: "training-jobs",
    name: job,
    good: ["succeeded"],
    bad: ["failed", "cancelled"],
    limitMs: trainingLimitMs,
  });
  const set = status["trainingSet"] as { rows: number; fingerprint: string };
  narration.say(
    `trained on ${set.rows.toLocaleString("en")} rows, each as it was known before departure (fingerprint ${set.fingerprint})`,
  );
  const run = (await client.call("GET", `/api/v1/projects/${client.project}/runs/${String(status["runId"])}`)) as {
    run?: { metrics: Record<string, number> };
    metrics?: Record<string, number>;
  };
  const metrics = run.run?.metrics ?? run.metrics ?? {};
  narration.say(
    `MLflow run ${String(status["runId"])}: ${Object.entries(metrics)
      .map(([name, value]) => `${name} ${value.toFixed(4)}`)
      .join(", ")}`,
  );
  return { figures: { trainingRows: set.rows }, answer: { id: String(status["candidateId"]) } };
}

/** Waits for the verdict of the evaluation that started by itself when training succeeded. */
export async function followEvaluation(client: PlatformClient, narration: Narration, candidate: string) {
  const version = await client.until("the candidate is judged", evaluationLimitMs, async () => {
    const found = await readVersion(client, candidate);
    const suite = await client.resource("evaluations", "next-month");
    narration.progress(`evaluation: ${suite?.status.phase ?? "waiting"}`);
    return found.state === "candidate" ? undefined : found;
  });
  for (const [name, value] of Object.entries(version.metrics).toSorted(([left], [right]) => (left < right ? -1 : 1)))
    narration.say(`${name.padEnd(28)} ${value.toFixed(5)}`);
  narration.say(
    `verdict: ${version.verdict?.passed === true ? "passed" : "failed"}. ${version.verdict?.message ?? ""}`,
  );
  if (version.state !== "passed" && version.state !== "approved")
    throw new Error(`the candidate did not pass: ${version.verdict?.message ?? version.state}`);
  const figures = { auc: version.metrics["auc"] ?? null, baselineAuc: version.metrics["baselineAuc"] ?? null };
  return { figures, answer: version };
}

/** One version, with its verdict. */
export async function readVersion(client: PlatformClient, id: string): Promise<Version> {
  return (await client.call("GET", `/api/v1/projects/${client.project}/model-versions/${id}`)) as Version;
}

/** Shows that whoever made a version may not approve it. */
export async function refuseMaker(
  client: PlatformClient,
  narration: Narration,
  version: Version,
  maker: string,
): Promise<void> {
  const refused = await client.tryCall(
    "POST",
    approvalPath(client, version),
    { comment: "I made it, it is good" },
    maker,
  );
  if (refused.status < 300) throw new Error("whoever made the model was allowed to approve it");
  narration.say(`ada, who made it, is refused: ${(refused.json as { error: { message: string } }).error.message}`);
}

/** Approves a version as grace, with the command line. */
export async function approve(client: PlatformClient, narration: Narration, version: Version, approver: string) {
  await client.command(["approve", version.id, "--comment", "better than the baseline, calibrated"], {
    MILLWRIGHT_KEY: approver,
    MILLWRIGHT_SERVER: client.controlUrl,
    MILLWRIGHT_PROJECT: client.project,
  });
  const after = await readVersion(client, version.id);
  narration.say(`grace approves version ${after.version}: alias ${after.aliases.join(", ")}`);
  return { figures: { version: after.version }, answer: after };
}

function approvalPath(client: PlatformClient, version: Version): string {
  return `/api/v1/projects/${client.project}/model-versions/${version.id}/approve`;
}
