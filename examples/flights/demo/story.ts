import { readFlights } from "./flights.ts";
import type { Narration } from "./narration.ts";
import type { PlatformClient } from "./platform-client.ts";
import { applyFiles, prepareFeatures, registerDatasets } from "./stages/data.ts";
import { watchDrift } from "./stages/drift.ts";
import { compareOnlineWithOffline } from "./stages/parity.ts";
import { brokenVersion, canary } from "./stages/rollout.ts";
import { deploy, deployment, feeds, serveMonth } from "./stages/serving.ts";
import { startServer } from "./stages/server.ts";
import { approve, followEvaluation, followTraining, refuseMaker } from "./stages/training.ts";
import { FlightReplay, type TrafficTally } from "./traffic.ts";

const may = Date.UTC(2001, 4, 1);
const june = Date.UTC(2001, 5, 1);
const julyEnd = Date.UTC(2001, 6, 2);
/** Of 1,000 flights, so many are asked for: some 20,000 requests a month. Every flight lands in the features. */
const askedPerMille = 40;

/** What the last stage sums up. */
export interface Told {
  readonly auc: number | null;
  readonly baselineAuc: number | null;
  readonly trainingRows: number;
  readonly onlineOfflineMaxAbsDiff: number;
  readonly driftDetected: boolean;
  readonly canary: { readonly steps: readonly number[]; readonly rolledBackBad: boolean };
  readonly tallies: readonly TrafficTally[];
}

/** The main job of the platform, stage by stage. */
export async function tellStory(client: PlatformClient, narration: Narration): Promise<Told> {
  const people = await narration.stage("server", "One command brings the platform up", () =>
    startServer(client, narration),
  );
  await narration.stage("datasets", "Raw files become dataset versions that keep their expectations", () =>
    registerDatasets(client, narration),
  );
  await narration.stage("features", "SQL and rolling windows say what is known at each moment", () =>
    prepareFeatures(client, narration),
  );

  const candidate = await narration.stage("training", "A training job is queued, placed, run and tracked", async () => {
    await applyFiles(client, narration, ["40-training.yaml", "50-evaluation.yaml"], people.asAda);
    return await followTraining(client, narration, "flight-delay-march");
  });
  const judged = await narration.stage("evaluation", "The evaluation starts by itself; the gate decides", () =>
    followEvaluation(client, narration, candidate.id),
  );
  const first = await narration.stage("approval", "A second person approves", async () => {
    await refuseMaker(client, narration, judged, people.maker);
    return await approve(client, narration, judged, people.approver);
  });

  const departures = await readDepartures(client);
  const mayFlights = await readFlights(departures, may, june, askedPerMille);
  await narration.stage("deployment", "The champion is served", () => deploy(client, narration, mayFlights));
  const mayTally = await narration.stage("traffic", "May is replayed as requests, in event order", () =>
    serveMonth(client, narration, mayFlights),
  );
  const difference = await narration.stage("parity", "What was served equals what training would have seen", () =>
    compareOnlineWithOffline(client, narration, { from: may, to: june }),
  );

  const drift = await narration.stage("drift", "Live traffic is compared with the training window", () =>
    watchDrift(client, narration),
  );
  const retrained = await narration.stage("retraining", "The longer history is learnt", async () => {
    if (drift.job === null) await applyFiles(client, narration, ["80-retraining.yaml"], people.asAda);
    return await followTraining(client, narration, drift.job ?? "flight-delay-longer");
  });
  const better = await narration.stage(
    "second-evaluation",
    "The new version is judged against baseline and champion",
    () => followEvaluation(client, narration, retrained.id),
  );
  const second = await narration.stage("second-approval", "And approved", () =>
    approve(client, narration, better, people.approver),
  );

  const traffic = new FlightReplay(
    client,
    deployment,
    await readFlights(departures, june, julyEnd, askedPerMille),
    feeds,
  );
  const rollout = await narration.stage("canary", "5 → 25 → 50 → 100 %: each step waits for a sequential test", () =>
    canary(client, narration, traffic, second),
  );
  const broken = await narration.stage("rollback", "A broken version is stopped by itself", () =>
    brokenVersion(client, narration, traffic, { ...people, basedOn: second.id }),
  );
  return {
    auc: judged.metrics["auc"] ?? null,
    baselineAuc: judged.metrics["baselineAuc"] ?? null,
    trainingRows: first.lineage.trainingSet.rows,
    onlineOfflineMaxAbsDiff: difference,
    driftDetected: drift.job !== null,
    canary: { steps: rollout.steps, rolledBackBad: true },
    tallies: [mayTally, rollout.tally, broken],
  };
}

async function readDepartures(client: PlatformClient): Promise<string> {
  const answer = (await client.call("GET", `/api/v1/projects/${client.project}/datasets/departures/versions`)) as {
    versions: { path: string }[];
  };
  const [newest] = answer.versions;
  if (newest === undefined) throw new Error("the dataset departures has no version");
  return newest.path;
}
