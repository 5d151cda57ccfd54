import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";
import { emptyTally, type FlightReplay } from "../traffic.ts";
import { flightsFolder } from "./data.ts";
import { deployment, progressLine, sayTally, tallyFigures } from "./serving.ts";
import { readVersion, type Version } from "./training.ts";

const rolloutStartLimitMs = 90_000;

interface RolloutState {
  readonly version: string;
  readonly versionId: string;
  readonly state: string;
  readonly percent: number;
  readonly decision: string;
  readonly reason: string;
  readonly history: readonly { readonly percent: number }[];
}

/** Stage: the new version takes over in steps while traffic flows; each step waits for its sequential test. */
export async function canary(client: PlatformClient, narration: Narration, traffic: FlightReplay, version: Version) {
  const { tally, rollout } = await rollOut(client, narration, traffic, version.id);
  sayTally(narration, tally);
  if (rollout.state !== "completed")
    throw new Error(`the good version did not reach everybody: ${rollout.state}, ${rollout.reason}`);
  const after = await readVersion(client, version.id);
  narration.say(`version ${rollout.version} is champion (${after.aliases.join(", ")}): ${rollout.reason}`);
  const steps = rollout.history.map((step) => step.percent);
  return { figures: { ...tallyFigures(tally), steps }, answer: { tally, steps } };
}

/** Stage: a version that fails is let through on purpose; the canary must stop it by itself. */
export async function brokenVersion(
  client: PlatformClient,
  narration: Narration,
  traffic: FlightReplay,
  people: { readonly maker: string; readonly approver: string; readonly basedOn: string },
) {
  const broken = await registerBroken(client, narration, people);
  const { tally, rollout } = await rollOut(client, narration, traffic, broken);
  sayTally(narration, tally);
  if (rollout.state !== "rolled-back")
    throw new Error(`the broken version was not rolled back: ${rollout.state}, ${rollout.reason}`);
  narration.say(`version ${rollout.version} was rolled back by itself: ${rollout.reason}`);
  const elsewhere = tally.failureTexts.filter((text) => !text.includes(`version ${rollout.version} answered`));
  if (elsewhere.length > 0) throw new Error(`requests failed outside the canary's share: ${elsewhere[0]}`);
  const percent = (100 * tally.failures) / Math.max(1, tally.requests);
  narration.say(
    `${tally.failures} of ${tally.requests.toLocaleString("en")} requests failed (${percent.toFixed(1)} %), all of them in the canary's share; the champion failed none`,
  );
  return { figures: { ...tallyFigures(tally), rolledBackBad: true }, answer: tally };
}

async function registerBroken(
  client: PlatformClient,
  narration: Narration,
  people: { readonly maker: string; readonly approver: string; readonly basedOn: string },
): Promise<string> {
  const model = await readFile(join(flightsFolder, "broken/broken.onnx"));
  const { objectKey } = (await client.call(
    "PUT",
    `/api/v1/projects/${client.project}/model-files/broken.onnx`,
    model,
    people.maker,
  )) as { objectKey: string };
  const body = { model: "flight-delay", objectKey, basedOn: people.basedOn };
  const { id } = (await client.call(
    "POST",
    `/api/v1/projects/${client.project}/model-versions`,
    body,
    people.maker,
  )) as { id: string };
  const path = `/api/v1/projects/${client.project}/model-versions/${id}/approve`;
  const plain = await client.tryCall("POST", path, { comment: "trust me" }, people.approver);
  narration.say(
    `a model that breaks at run time is uploaded; without an override its approval is refused: ${(plain.json as { error?: { message: string } }).error?.message ?? "?"}`,
  );
  await client.call("POST", path, { override: true, reason: "demonstration of a rollback" }, people.approver);
  narration.say("grace overrides, with a reason that stands in the audit log");
  return id;
}

async function rollOut(client: PlatformClient, narration: Narration, traffic: FlightReplay, versionId: string) {
  const read = async (): Promise<RolloutState | undefined> => {
    const status = (await client.resource("deployments", deployment))?.status;
    const rollout = status?.["rollout"] as RolloutState | null | undefined;
    return rollout?.versionId === versionId ? rollout : undefined;
  };
  await client.until("the canary takes traffic", rolloutStartLimitMs, async () => {
    const rollout = await read();
    narration.progress(`rollout: ${rollout?.state ?? "waiting for the candidate's replica"}`);
    return rollout !== undefined && rollout.state !== "starting" ? rollout : undefined;
  });
  const tally = emptyTally();
  let last: RolloutState | undefined;
  const look = async (): Promise<boolean> => {
    const rollout = await read();
    if (rollout !== undefined && rollout.percent !== last?.percent && rollout.state === "running") {
      narration.say(`${rollout.percent} % of requests go to version ${rollout.version}`);
    }
    last = rollout ?? last;
    return last?.state === "completed" || last?.state === "rolled-back";
  };
  const onHour = (hour: number, hours: number): void =>
    narration.progress(`${last?.percent ?? "?"} % canary, ${progressLine(tally, hour, hours)}`);
  await traffic.run({ tally, onHour, until: look });
  const rollout = await client.until("the rollout has ended", rolloutStartLimitMs, async () =>
    (await look()) ? last : undefined,
  );
  return { tally, rollout };
}
