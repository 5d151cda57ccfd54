import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Datasets, SqlEngine } from "../../data/ports.ts";
import { checkView } from "../check-training-set.ts";
import { featureRowsPage, featureRowsStatement, newestKnownStatement, toFeatureRow } from "../feature-rows-sql.ts";
import type { FeatureViewSpec } from "../model.ts";
import type { FeatureRow, Materialisation } from "../ports.ts";
import { requireUniqueIds } from "./require-unique-ids.ts";

/** Rows of one batch. */
const batchRows = 20_000;

export interface MaterialiserNeeds {
  readonly engine: SqlEngine;
  readonly datasets: Datasets;
  readonly view: (project: string, name: string) => Promise<FeatureViewSpec | undefined>;
  /** Where rows wait between the query and the reader; emptied at the start. */
  readonly folder: string;
  readonly newId: () => string;
}

/** Gives the rows of a view's source, to fill an online store with what the training sets were made from. */
export class Materialiser implements Materialisation {
  readonly #needs: MaterialiserNeeds;

  constructor(needs: MaterialiserNeeds) {
    this.#needs = needs;
  }

  /** Clears what a killed server left. */
  async start(): Promise<void> {
    await rm(this.#needs.folder, { recursive: true, force: true });
  }

  /**
   * The rows with `knownAt` in [from, to), in the order in which they became known, in batches. One query sorts them
   * into a file, which is read page by page and removed at the end.
   *
   * @throws {Fault} `features.view-missing`, `features.view-invalid`, `data.dataset-missing`, and the engine's.
   */
  async *rows(
    project: string,
    view: string,
    from: Instant,
    to: Instant,
    signal: AbortSignal,
  ): AsyncGenerator<readonly FeatureRow[]> {
    const { engine, folder, newId } = this.#needs;
    const { spec, source } = await this.#find(project, view);
    await requireUniqueIds(engine, view, spec, source, signal);
    const path = join(folder, `${newId()}.parquet`);
    try {
      const { rows } = await engine.writeParquet([featureRowsStatement(spec, source, from, to)], path, {
        files: [source.path],
        signal,
      });
      for (let offset = 0; offset < rows; offset += batchRows) {
        const statement = featureRowsPage(path, offset, batchRows);
        const page = await engine.query([statement], { maxRows: batchRows, files: [path], signal });
        yield page.rows.map((row) => toFeatureRow(row, spec.entity.length));
      }
    } finally {
      await rm(path, { force: true });
    }
  }

  async newest(project: string, view: string, signal: AbortSignal): Promise<Instant | null> {
    const { spec, source } = await this.#find(project, view);
    const answer = await this.#needs.engine.query([newestKnownStatement(spec, source)], {
      maxRows: 1,
      files: [source.path],
      signal,
    });
    const value = answer.rows[0]?.[0];
    return typeof value === "number" ? value : null;
  }

  async #find(project: string, view: string) {
    const spec = await this.#needs.view(project, view);
    if (spec === undefined) {
      throw new Fault(
        "features.view-missing",
        `there is no feature view ${view} in project ${project}; apply it first`,
        {
          details: { project, view },
        },
      );
    }
    const source = await this.#needs.datasets.latest(project, spec.source.dataset);
    if (source === undefined) {
      throw new Fault(
        "data.dataset-missing",
        `dataset ${spec.source.dataset} of project ${project} has no valid version yet`,
        {
          details: { project, dataset: spec.source.dataset },
        },
      );
    }
    const violations = checkView(view, spec, source);
    if (violations.length > 0)
      throw new Fault("features.view-invalid", violations.join("; "), { details: { violations } });
    return { spec, source };
  }
}
