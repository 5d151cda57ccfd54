import type { Narration } from "../narration.ts";
import { type Figures, table } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";
import { applyFiles } from "./data.ts";

const driftLimitMs = 120_000;
const retrainLimitMs = 60_000;

/** The monitor that the demo applies. */
export const monitor = "flight-delay";

interface Finding {
  readonly column: string;
  readonly kind: string;
  readonly statistic: string;
  readonly value: number;
  readonly threshold: number;
  readonly drifted: boolean;
}

/** Stage: live traffic is compared with the training window; what is measured decides whether to train again. */
export async function watchDrift(
  client: PlatformClient,
  narration: Narration,
): Promise<{ readonly figures: Figures; readonly answer: { readonly job: string | null } }> {
  await applyFiles(client, narration, ["70-drift.yaml"]);
  const status = await client.until("the monitor has looked", driftLimitMs, async () => {
    const found = await client.resource("drift-monitors", monitor);
    narration.progress(`drift monitor: ${found?.status.phase ?? "starting"}`);
    return typeof found?.status["lastCheck"] === "number" ? found.status : undefined;
  });
  const findings = status["findings"] as readonly Finding[];
  const rows = findings.map((finding) => [
    finding.column,
    finding.kind,
    finding.statistic,
    finding.value.toFixed(4),
    finding.threshold.toFixed(4),
    finding.drifted ? "drifted" : "",
  ]);
  narration.say(
    `live traffic against the training window:\n${table(["column", "kind", "statistic", "value", "threshold", ""], rows)}`,
  );
  const drifted = findings.filter((finding) => finding.drifted);
  if (drifted.length === 0) {
    narration.say("nothing drifted beyond its threshold: no retraining is started");
    return { figures: { driftDetected: false }, answer: { job: null } };
  }
  const job = await client.until("the monitor has started retraining", retrainLimitMs, async () => {
    const found = await client.resource("drift-monitors", monitor);
    const name = found?.status["retrainJob"];
    return typeof name === "string" ? name : undefined;
  });
  narration.say(
    `${drifted.length} finding(s) beyond the threshold: alert opened, training job ${job} started on the longer history`,
  );
  return { figures: { driftDetected: true, drifted: drifted.length }, answer: { job } };
}
