import type { DatasetVersion } from "../data/ports.ts";
import { describeVersion } from "./approve.ts";
import type { LineageGraph } from "./model.ts";
import type { ModelVersion, ModelUse } from "./ports.ts";

type Node = LineageGraph["nodes"][number];

/** How far up datasets are followed, and how many of them; a pipeline deeper than this is cut, not refused. */
export const datasetsInGraphMax = 200;

/**
 * Draws from what a version was made and who uses it: datasets → pipeline outputs → training set → run → version →
 * deployments. Nodes come in that order, each once; edges point downstream.
 *
 * @param datasets the versions that were found, by `dataset@version`; one that is gone still gets a node.
 */
export function drawLineage(
  version: ModelVersion,
  datasets: ReadonlyMap<string, DatasetVersion>,
  uses: readonly ModelUse[],
): LineageGraph {
  const { lineage } = version;
  const nodes = new Map<string, Node>();
  const edges = new Map<string, LineageGraph["edges"][number]>();
  const connect = (from: string, to: string): void => {
    edges.set(`${from}>${to}`, { from, to });
  };
  const runId = `run:${lineage.runId}`;
  const set = lineage.trainingSet;
  // What nobody told a training set of leads to the run itself.
  const sourceId = set === null ? runId : `training-set:${set.id}`;
  const versionId = `version:${version.id}`;

  const addDataset = (name: string): void => {
    const id = `dataset:${name}`;
    if (nodes.has(id) || nodes.size >= datasetsInGraphMax) return;
    const found = datasets.get(name);
    nodes.set(id, { id, kind: "dataset", label: name, detail: describeDataset(found) });
    for (const source of datasetsOf(found?.madeFrom ?? [])) {
      addDataset(source);
      if (nodes.has(`dataset:${source}`)) connect(`dataset:${source}`, id);
    }
  };
  for (const name of lineage.datasets) {
    addDataset(name);
    if (nodes.has(`dataset:${name}`)) connect(`dataset:${name}`, sourceId);
  }
  for (const view of lineage.featureViews) {
    nodes.set(`feature-view:${view}`, { id: `feature-view:${view}`, kind: "feature-view", label: view, detail: "" });
    connect(`feature-view:${view}`, sourceId);
  }
  if (set !== null) {
    const detail = `${set.rows} rows, ${set.id.slice(0, 12)}`;
    nodes.set(sourceId, { id: sourceId, kind: "training-set", label: "training set", detail });
    connect(sourceId, runId);
  }
  nodes.set(runId, { id: runId, kind: "run", label: lineage.trainingJob, detail: describeRun(version) });
  nodes.set(versionId, {
    id: versionId,
    kind: "version",
    label: describeVersion(version),
    detail: [version.state, ...version.aliases].join(", "),
  });
  connect(runId, versionId);
  for (const use of uses) {
    const id = `deployment:${use.name}`;
    nodes.set(id, { id, kind: "deployment", label: use.name, detail: use.detail });
    connect(versionId, id);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Those of the sources that are datasets (`name@version`), not hashes of steps. */
export function datasetsOf(madeFrom: readonly string[]): readonly string[] {
  return madeFrom.filter((source) => parseDatasetName(source) !== undefined);
}

/** Reads `dataset@version`; undefined for anything else. */
export function parseDatasetName(text: string): { readonly dataset: string; readonly version: number } | undefined {
  const match = /^([a-z0-9][a-z0-9-]*)@(\d+)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { dataset: match[1], version: Number(match[2]) };
}

function describeDataset(found: DatasetVersion | undefined): string {
  return found === undefined ? "" : `${found.rows} rows, ${found.contentHash.slice(0, 12)}`;
}

function describeRun({ lineage }: ModelVersion): string {
  return [
    lineage.runId === "" ? "" : `run ${lineage.runId.slice(0, 12)}`,
    lineage.codeHash === "" ? "" : `code ${lineage.codeHash.slice(0, 12)}`,
    lineage.startedBy === "" ? "" : `started by ${lineage.startedBy.replace(/^user:/, "")}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}
