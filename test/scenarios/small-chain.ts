import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { ServerProcess } from "../server-process.ts";
import { until } from "../until.ts";

const codeFolder = join(import.meta.dirname, "../fixtures/small-chain");

/** Writes a small, repeatable table of flights: sixty days, three airports. */
export async function writeSmallFlights(path: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`COPY (
    SELECT CAST(i AS VARCHAR) AS flight_id,
      TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 20 AS BIGINT)) AS departs_at,
      ['ATL', 'LAS', 'SFO'][1 + i % 3] AS origin,
      CAST(100 + (i * 37) % 900 AS DOUBLE) AS distance,
      CAST(hour(TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 20 AS BIGINT))) AS DOUBLE) AS hour,
      CAST(hash(i) % 4 = 0 AS INTEGER) AS late,
      TIMESTAMP '2001-01-01' + to_minutes(CAST(i * 20 + 90 AS BIGINT)) AS lands_at
    FROM range(0, 4320) AS t(i)) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

/** The whole chain in miniature, in a project of its own: from a file to a judged candidate. */
export function smallChain(project: string, path: string): readonly unknown[] {
  const resource = (kind: string, name: string, spec: unknown) => ({ kind, project, name, spec });
  return [
    { kind: "Project", name: project, spec: { team: "default" } },
    { kind: "Pool", name: "local", spec: { role: "any", driver: "local" } },
    resource("Dataset", "raw", {
      source: { path },
      expectations: [{ expect: "not-null", columns: ["flight_id", "late"] }],
    }),
    resource("Dataset", "flights", { key: ["flight_id"], timestamp: "departs_at" }),
    resource("Pipeline", "prepare", {
      inputs: { raw: "raw" },
      steps: [{ name: "flights", output: "flights", sql: "SELECT * FROM raw WHERE distance > 0" }],
    }),
    resource("FeatureView", "origin-delays", {
      source: { dataset: "flights" },
      entity: ["origin"],
      knownAt: "lands_at",
      id: "flight_id",
      features: [{ name: "origin_late_rate_6h", aggregate: "mean", column: "late", window: "6h" }],
    }),
    resource("Model", "delay", { description: "A small one." }),
    resource("Evaluation", "next-week", {
      model: "delay",
      pool: "local",
      resources: { memory: "1GB" },
      data: {
        dataset: "flights",
        timestamp: "departs_at",
        label: "late",
        columns: ["distance", "hour", "origin"],
        featureViews: ["origin-delays"],
        window: { length: "7d" },
        minRows: 100,
      },
      baseline: { groupBy: ["origin"] },
      bootstrap: { resamples: 20 },
      gate: [{ metric: "brier", atMost: 1 }],
    }),
    resource("TrainingJob", "learn", {
      pool: "local",
      resources: { cpus: 0.5, memory: "512MB" },
      workdir: codeFolder,
      command: ["python3", "train.py"],
      model: "delay",
      maxRestarts: 20,
      trainingSet: {
        dataset: "flights",
        timestamp: "departs_at",
        from: "2001-01-08",
        to: "2001-02-12",
        columns: ["distance", "hour", "late"],
        label: "late",
        featureViews: ["origin-delays"],
      },
    }),
  ];
}

/** What of a version must not depend on what was killed while it was made. */
export interface SmallLineage {
  readonly state: string;
  readonly version: number | null;
  readonly sha256: string;
  readonly codeHash: string;
  readonly fingerprint: string;
  readonly rows: number;
  readonly datasets: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
}

interface Version {
  readonly state: string;
  readonly version: number | null;
  readonly sha256: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly lineage: {
    readonly codeHash: string;
    readonly datasets: readonly string[];
    readonly trainingSet: { readonly fingerprint: string; readonly rows: number };
  };
}

/** Where each stage of the chain stands, for a failure's message. */
export async function chainPhases(server: ServerProcess, project: string): Promise<string> {
  const stages = [
    ["datasets", "raw"],
    ["datasets", "flights"],
    ["pipelines", "prepare"],
    ["feature-views", "origin-delays"],
    ["training-jobs", "learn"],
    ["evaluations", "next-week"],
  ];
  const told = stages.map(async ([plural, name]) => {
    const { json } = await server.call("GET", `/api/v1/projects/${project}/${plural}/${name}`);
    const { status } = json as { status?: Readonly<Record<string, unknown>> };
    return `${plural}/${name}: ${JSON.stringify({ phase: status?.["phase"], message: status?.["message"], summary: status?.["summary"], conditions: status?.["conditions"] })}`;
  });
  const active = await server.call("GET", `/api/v1/projects/${project}/workloads`);
  return [...(await Promise.all(told)), `workloads: ${JSON.stringify(active.json)}`].join("\n");
}

/** Waits until the chain's only candidate is judged; `server` gives the server that runs now. */
export async function judgedLineage(server: () => ServerProcess, project: string): Promise<SmallLineage> {
  const versions = await until(`project ${project} has a judged version`, async () => {
    const answer = await server()
      .call("GET", `/api/v1/projects/${project}/model-versions`)
      .catch(() => undefined);
    const items = (answer?.json as { items?: readonly Version[] } | undefined)?.items ?? [];
    return items.length > 0 && items.every((item) => item.state !== "candidate") && items;
  });
  const [only, ...others] = versions;
  if (only === undefined || others.length > 0)
    throw new Error(`project ${project} has ${versions.length} versions; one was wanted`);
  return {
    state: only.state,
    version: only.version,
    sha256: only.sha256,
    codeHash: only.lineage.codeHash,
    fingerprint: only.lineage.trainingSet.fingerprint,
    rows: only.lineage.trainingSet.rows,
    datasets: only.lineage.datasets,
    metrics: only.metrics,
  };
}
