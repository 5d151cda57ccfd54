import { DuckDBInstance } from "@duckdb/node-api";
import type { Narration } from "../narration.ts";
import type { PlatformClient } from "../platform-client.ts";

/** Predictions that are compared, chosen by hash. */
const sampleMax = 1_000;

interface Prediction {
  readonly inputs: Readonly<Record<string, string | number | null>>;
  readonly features: Readonly<Record<string, number | null>>;
}

/**
 * Stage: compares the features that the gateway served with the ones that a training set on the same moments holds.
 * Answers with the largest absolute difference; a value that only one side knows counts as infinitely different.
 */
export async function compareOnlineWithOffline(
  client: PlatformClient,
  narration: Narration,
  window: { readonly from: number; readonly to: number },
) {
  narration.progress("reads a sample of what was served");
  const range = `from=${window.from}&to=${window.to}&limit=${sampleMax}`;
  const path = `/api/v1/projects/${client.project}/deployments/flight-delay/predictions?${range}`;
  const { predictions } = (await client.call("GET", path)) as { predictions: readonly Prediction[] };
  narration.progress("builds a training set on the same month");
  const set = (await client.call("POST", `/api/v1/projects/${client.project}/training-sets`, {
    dataset: "departures",
    timestamp: "departs_at",
    ...window,
    columns: ["origin", "destination", "departs_at"],
    featureViews: ["origin-delays", "route-delays"],
  })) as { path: string; featureColumns: readonly string[] };
  const offline = await readOffline(set.path, set.featureColumns, predictions);
  let largest = 0;
  let compared = 0;
  for (const prediction of predictions) {
    const row = offline.get(momentKey(prediction));
    if (row === undefined) throw new Error(`the training set has no row for ${momentKey(prediction)}`);
    for (const [index, column] of set.featureColumns.entries()) {
      const [served, built] = [prediction.features[column] ?? null, row[index] ?? null];
      const difference =
        served === null && built === null
          ? 0
          : served === null || built === null
            ? Number.POSITIVE_INFINITY
            : Math.abs(served - built);
      largest = Math.max(largest, difference);
      compared += 1;
    }
  }
  narration.say(
    `${compared.toLocaleString("en")} values of ${predictions.length.toLocaleString("en")} predictions compared: largest difference ${largest}`,
  );
  if (predictions.length === 0) throw new Error("there is no prediction to compare");
  return { figures: { compared, onlineOfflineMaxAbsDiff: largest }, answer: largest };
}

function momentKey({ inputs }: Prediction): string {
  return `${inputs["origin"]} ${inputs["destination"]} ${inputs["departs_at"]}`;
}

async function readOffline(
  path: string,
  columns: readonly string[],
  predictions: readonly Prediction[],
): Promise<ReadonlyMap<string, readonly (number | null)[]>> {
  const wanted = new Set(predictions.map(momentKey));
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  try {
    const values = columns.map((column) => `CAST("${column}" AS DOUBLE)`).join(", ");
    const reader = await connection.runAndReadAll(
      `SELECT origin || ' ' || destination || ' ' || epoch_ms(departs_at) AS moment, ${values} FROM read_parquet($1)`,
      { 1: path },
    );
    const rows = reader.getRowsJS().filter(([moment]) => wanted.has(String(moment)));
    return new Map(
      rows.map(([moment, ...cells]) => [String(moment), cells.map((cell) => (typeof cell === "number" ? cell : null))]),
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
