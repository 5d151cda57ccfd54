import { join } from "node:path";
import { formatSize } from "../../../../src/base/units.ts";
import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";

/** Where the demo's plain YAML files lie. */
export const flightsFolder = join(import.meta.dirname, "../..");

const datasetLimitMs = 120_000;
const pipelineLimitMs = 180_000;

/** Applies YAML files of the example, as a user would: `millwright apply -f FILE --yes`. */
export async function applyFiles(
  client: PlatformClient,
  narration: Narration,
  files: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const file of files) {
    narration.progress(`millwright apply -f examples/flights/${file}`);
    await client.command(["apply", "-f", join(flightsFolder, file), "--yes"], env);
    narration.say(`$ millwright apply -f examples/flights/${file}`);
  }
}

/** Waits until a resource leaves its working phases; throws with its conditions when it failed. */
export async function settled(
  client: PlatformClient,
  narration: Narration,
  ref: {
    readonly plural: string;
    readonly name: string;
    readonly good: readonly string[];
    readonly bad: readonly string[];
    readonly limitMs: number;
  },
): Promise<Readonly<Record<string, unknown>>> {
  return await client.until(`${ref.plural}/${ref.name} is ${ref.good.join(" or ")}`, ref.limitMs, async () => {
    const resource = await client.resource(ref.plural, ref.name);
    const phase = resource?.status.phase ?? "not there yet";
    narration.progress(`${ref.plural}/${ref.name}: ${phase}${progressOf(resource?.status)}`);
    if (ref.bad.includes(phase))
      throw new Error(`${ref.plural}/${ref.name} is ${phase}: ${JSON.stringify(resource?.status)}`);
    return ref.good.includes(phase) ? resource?.status : undefined;
  });
}

function progressOf(status: Readonly<Record<string, unknown>> | undefined): string {
  const text = status?.["progress"] ?? status?.["message"];
  return typeof text === "string" && text !== "" ? `, ${text}` : "";
}

/** Stage: the raw files become dataset versions that keep their expectations. */
export async function registerDatasets(client: PlatformClient, narration: Narration) {
  await applyFiles(client, narration, ["00-project.yaml", "05-pools.yaml", "10-datasets.yaml"]);
  const statuses: Readonly<Record<string, unknown>>[] = [];
  for (const name of ["flights", "airports"]) {
    const status = await settled(client, narration, {
      plural: "datasets",
      name,
      good: ["valid"],
      bad: ["failed"],
      limitMs: datasetLimitMs,
    });
    narration.say(
      `${name}: ${Number(status["rows"]).toLocaleString("en")} rows, ${formatSize(Number(status["bytes"]))}, content ${String(status["contentHash"]).slice(0, 12)}, version ${String(status["latestVersion"])}`,
    );
    statuses.push(status);
  }
  return { figures: { rows: Number(statuses[0]?.["rows"]) }, answer: undefined };
}

/** Stage: SQL makes departures with the moment each landing became known, and views say which features exist. */
export async function prepareFeatures(client: PlatformClient, narration: Narration) {
  await applyFiles(client, narration, ["20-pipeline.yaml"]);
  const status = await settled(client, narration, {
    plural: "pipelines",
    name: "prepare",
    good: ["succeeded"],
    bad: ["failed"],
    limitMs: pipelineLimitMs,
  });
  for (const step of status["steps"] as { name: string; rows: number; seconds: number; output: string }[]) {
    narration.say(
      `step ${step.name}: ${step.rows.toLocaleString("en")} rows in ${step.seconds.toFixed(1)} s, ${step.output}`,
    );
  }
  await applyFiles(client, narration, ["30-features.yaml"]);
  let features = 0;
  for (const name of ["origin-delays", "route-delays"]) {
    const view = await settled(client, narration, {
      plural: "feature-views",
      name,
      good: ["ready"],
      bad: ["failed"],
      limitMs: datasetLimitMs,
    });
    const names = view["features"] as string[];
    features += names.length;
    narration.say(`${name}: ${names.join(", ")}`);
  }
  return { figures: { features }, answer: undefined };
}
