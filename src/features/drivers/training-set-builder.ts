import { createHash } from "node:crypto";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { canonicalJson } from "../../base/canonical-json.ts";
import { Fault } from "../../base/fault.ts";
import type { Datasets, DatasetVersion, SqlEngine } from "../../data/ports.ts";
import { ensureFolder, writeFileAtomically } from "../../platform/files.ts";
import { checkTrainingSet } from "../check-training-set.ts";
import type { FeatureViewSpec } from "../model.ts";
import { fingerprintStatement, trainingSetStatements, type TrainingSetPlan } from "../point-in-time-sql.ts";
import type { TrainingSet, TrainingSetRequest, TrainingSets } from "../ports.ts";
import { requireUniqueIds } from "./require-unique-ids.ts";

/** Counts the changes of how sets are built: part of every id, so that a new way makes new sets. */
const recipe = 1;

const recordSchema = z.object({
  id: z.string(),
  project: z.string(),
  dataset: z.string(),
  from: z.number(),
  to: z.number(),
  rows: z.number(),
  fingerprint: z.string(),
  madeFrom: z.array(z.string()),
  featureColumns: z.array(z.string()),
  featureViews: z.array(z.string()),
});

/** What a list of training sets shows. */
export type TrainingSetRecord = Readonly<z.infer<typeof recordSchema>>;

export interface TrainingSetNeeds {
  readonly engine: SqlEngine;
  readonly datasets: Datasets;
  /** The spec of a view, or undefined when there is none of that name. */
  readonly view: (project: string, name: string) => Promise<FeatureViewSpec | undefined>;
  /** Where the files lie: `<id>.parquet` and, written last, `<id>.json`. */
  readonly folder: string;
}

interface Inputs {
  readonly labels: DatasetVersion;
  readonly views: readonly { readonly name: string; readonly spec: FeatureViewSpec; readonly source: DatasetVersion }[];
}

/** How many facts "this column of this content is unique" are remembered. */
const uniqueIdsMax = 1_000;

/** Training sets as Parquet files, each under the content address of its request and inputs. */
export class TrainingSetBuilder implements TrainingSets {
  readonly #needs: TrainingSetNeeds;
  /** Content hash and column of ids that were found unique: versions do not change. */
  readonly #uniqueIds = new Set<string>();

  constructor(needs: TrainingSetNeeds) {
    this.#needs = needs;
  }

  /**
   * Builds the set, or answers with the file that an equal request on equal data left.
   *
   * @throws {Fault} `data.dataset-missing`, `features.view-missing`, `features.training-set-invalid`, and the engine's.
   */
  async build(request: TrainingSetRequest, signal: AbortSignal): Promise<TrainingSet> {
    const { labels, views } = await this.#inputs(request);
    const plan: TrainingSetPlan = { ...request, labels, views };
    const violations = checkTrainingSet(plan);
    if (violations.length > 0) {
      throw new Fault("features.training-set-invalid", `the training set cannot be built: ${violations.join("; ")}`, {
        details: { violations },
      });
    }
    const id = trainingSetId(request, labels, views);
    const path = this.#path(id);
    const known = await this.#read(id);
    if (known !== undefined && (await exists(path))) return toTrainingSet(known, path);
    const record = await this.#write(id, request, plan, { labels, views }, signal);
    return toTrainingSet(record, path);
  }

  /** The sets of a project, newest data first. */
  async list(project: string): Promise<readonly TrainingSetRecord[]> {
    const names = (await exists(this.#needs.folder)) ? await readdir(this.#needs.folder) : [];
    const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    const records = await Promise.all(ids.map((id) => this.#read(id)));
    return records
      .filter((record) => record !== undefined)
      .filter((record) => record.project === project)
      .sort((left, right) => right.to - left.to || (left.id < right.id ? -1 : 1));
  }

  /** A set of a project by its id, while its file is there. */
  async find(
    project: string,
    id: string,
  ): Promise<{ readonly path: string; readonly record: TrainingSetRecord } | undefined> {
    const record = await this.#read(id);
    const path = this.#path(id);
    return record?.project === project && (await exists(path)) ? { path, record } : undefined;
  }

  async #inputs(request: TrainingSetRequest): Promise<Inputs> {
    const dataset = async (name: string): Promise<DatasetVersion> => {
      const version = await this.#needs.datasets.latest(request.project, name);
      if (version !== undefined) return version;
      throw new Fault(
        "data.dataset-missing",
        `dataset ${name} of project ${request.project} has no valid version yet; see \`millwright describe dataset ${name}\``,
        { details: { project: request.project, dataset: name } },
      );
    };
    const view = async (name: string) => {
      const spec = await this.#needs.view(request.project, name);
      if (spec !== undefined) return { name, spec, source: await dataset(spec.source.dataset) };
      throw new Fault(
        "features.view-missing",
        `there is no feature view ${name} in project ${request.project}; apply it first`,
        {
          details: { project: request.project, view: name },
        },
      );
    };
    return { labels: await dataset(request.dataset), views: await Promise.all(request.featureViews.map(view)) };
  }

  async #write(
    id: string,
    request: TrainingSetRequest,
    plan: TrainingSetPlan,
    { labels, views }: Inputs,
    signal: AbortSignal,
  ): Promise<TrainingSetRecord> {
    const { engine, folder } = this.#needs;
    const path = this.#path(id);
    const inputs = [labels, ...views.map((view) => view.source)];
    await this.#requireUniqueIds(views, signal);
    await ensureFolder(folder);
    await engine.writeParquet(trainingSetStatements(plan), path, { files: inputs.map((input) => input.path), signal });
    const featureColumns = plan.views.flatMap((view) => view.spec.features.map((feature) => feature.name));
    const statement = fingerprintStatement(path, [...plan.columns, ...featureColumns]);
    const { rows } = await engine.query([statement], { maxRows: 1, files: [path], signal });
    const record: TrainingSetRecord = {
      id,
      project: request.project,
      dataset: request.dataset,
      from: request.from,
      to: request.to,
      rows: Number(rows[0]?.[1] ?? 0),
      fingerprint: String(rows[0]?.[0] ?? "").padStart(32, "0"),
      madeFrom: [...new Set(inputs.map((input) => `${input.dataset}@${input.version}`))],
      featureColumns,
      featureViews: [...request.featureViews],
    };
    await writeFileAtomically(this.#recordPath(id), JSON.stringify(record));
    return record;
  }

  async #requireUniqueIds(views: Inputs["views"], signal: AbortSignal): Promise<void> {
    for (const { name, spec, source } of views) {
      const fact = `${source.contentHash} ${spec.id}`;
      if (this.#uniqueIds.has(fact)) continue;
      await requireUniqueIds(this.#needs.engine, name, spec, source, signal);
      if (this.#uniqueIds.size >= uniqueIdsMax) this.#uniqueIds.clear();
      this.#uniqueIds.add(fact);
    }
  }

  async #read(id: string): Promise<TrainingSetRecord | undefined> {
    const path = this.#recordPath(id);
    if (!(await exists(path))) return undefined;
    return recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
  }

  #path(id: string): string {
    return join(this.#needs.folder, `${id}.parquet`);
  }

  #recordPath(id: string): string {
    return join(this.#needs.folder, `${id}.json`);
  }
}

function trainingSetId(
  request: TrainingSetRequest,
  labels: DatasetVersion,
  views: readonly { readonly spec: FeatureViewSpec; readonly source: DatasetVersion }[],
): string {
  const inputs = views.map(({ spec, source }) => ({ spec, content: source.contentHash }));
  return createHash("sha256")
    .update(canonicalJson({ recipe, request, labels: labels.contentHash, inputs }))
    .digest("hex");
}

function toTrainingSet(record: TrainingSetRecord, path: string): TrainingSet {
  const { id, rows, fingerprint, madeFrom, featureColumns } = record;
  return { id, path, rows, fingerprint, madeFrom, featureColumns };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
