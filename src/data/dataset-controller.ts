import type { Clock, Millis } from "../base/clock.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { type Fault, isFault } from "../base/fault.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { LoggedEvent } from "../platform/event.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { parseRefKey, refKey, type Resource } from "../platform/resource.ts";
import { statusOfFault, statusOfVersion, statusWhileChecking, statusWithoutRows } from "./dataset-status.ts";
import { type DatasetFiles, hashFile, hashText, stampOf } from "./drivers/dataset-files.ts";
import { expectationsOf } from "./expectation-sql.ts";
import { inspectRows } from "./inspect-rows.ts";
import { datasetKind, type DatasetSpec, type DatasetStatus } from "./model.ts";
import type { SqlEngine } from "./ports.ts";
import { csvRowsStatement } from "./quote-sql.ts";
import type { DataStore, FileStamp, NewVersion, StoredVersion } from "./store.ts";
import { versionEvent } from "./version-event.ts";

/** How often a source file is looked at for changes; a look is one `stat`. */
const watchMs: Millis = 60_000;
/** When to try again what failed for a reason that may pass: an absent file, a full disk. */
const retryMs: Millis = 15_000;
/** Datasets that are checked at once. */
const concurrency = 2;

type Dataset = Resource<DatasetSpec, DatasetStatus>;

export interface DataControllerNeeds {
  readonly resources: ResourceStore;
  readonly store: DataStore;
  readonly files: DatasetFiles;
  readonly engine: SqlEngine;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** Hash of the rules that a version is checked against. */
export function checkHashOf(spec: DatasetSpec): string {
  return hashText(canonicalJson({ format: spec.format, expectations: expectationsOf(spec) }));
}

/** Keeps each dataset's newest version true to its file and its rules. */
export class DatasetController implements Controller {
  readonly name = "dataset";
  readonly concurrency = concurrency;
  readonly #needs: DataControllerNeeds;

  constructor(needs: DataControllerNeeds) {
    this.#needs = needs;
  }

  keysOf(event: LoggedEvent): readonly string[] {
    return event.subject.kind === datasetKind.kind && event.verb !== "observed" ? [refKey(event.subject)] : [];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { project, name } = parseRefKey(key);
    const dataset = await this.#needs.resources.get(datasetKind, project, name);
    if (dataset === undefined) return { kind: "settled" };
    if (dataset.deletingSince !== null) return await this.#cleanUp(dataset, lease);
    try {
      return await this.#check(dataset, lease, signal);
    } catch (error) {
      if (!isTold(error)) throw error;
      const newest = (await this.#needs.resources.get(datasetKind, project, name)) ?? dataset;
      await this.#observe(newest, statusOfFault(newest.status, error, this.#needs.clock.now()), lease, error.message);
      return { kind: "again", afterMs: retryMs };
    }
  }

  async #check(dataset: Dataset, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { store, files, clock } = this.#needs;
    const project = dataset.project ?? "";
    const newest = await store.newest(project, dataset.name);
    const { source } = dataset.spec;
    const next: NextVisit = source === undefined ? { kind: "settled" } : { kind: "again", afterMs: watchMs };
    if (source === undefined && newest === undefined) {
      await this.#observe(dataset, statusWithoutRows(dataset.status, clock.now()), lease, "waits for a pipeline");
      return next;
    }
    const stamp = source === undefined ? await stampOf(newest?.path ?? "") : await files.userFile(source.path);
    const checkHash = checkHashOf(dataset.spec);
    if (newest !== undefined && newest.checkHash === checkHash && isSameStamp(newest.source, stamp)) {
      await this.#showVersion(dataset, newest, lease);
      return next;
    }
    const checking = await this.#observe(
      dataset,
      statusWhileChecking(dataset.status, clock.now()),
      lease,
      "is checked",
    );
    const contentHash = await hashFile(stamp.path, signal);
    if (newest !== undefined && newest.checkHash === checkHash && newest.contentHash === contentHash) {
      await store.restamp(lease, newest, stamp);
      await this.#showVersion(checking, newest, lease);
      return next;
    }
    const version = await this.#newVersion(dataset, stamp, contentHash, newest, signal);
    const stored = await store.addVersion(lease, version, null, (added) => versionEvent(lease, added, clock.now()));
    await this.#showVersion(checking, stored, lease);
    return next;
  }

  async #newVersion(
    dataset: Dataset,
    source: FileStamp,
    contentHash: string,
    newest: StoredVersion | undefined,
    signal: AbortSignal,
  ): Promise<NewVersion> {
    const { engine, clock } = this.#needs;
    const isSameContent = newest?.contentHash === contentHash && dataset.spec.source === undefined;
    const isCsv = dataset.spec.source !== undefined && dataset.spec.format === "csv";
    const path = isCsv ? await this.#toParquet(dataset, source, signal) : source.path;
    const { columns, rows, violations } = await inspectRows(engine, path, dataset.spec, signal);
    return {
      project: dataset.project ?? "",
      dataset: dataset.name,
      path,
      contentHash,
      checkHash: checkHashOf(dataset.spec),
      source,
      rows,
      bytes: source.bytes,
      columns,
      state: violations.length === 0 ? "valid" : "failed",
      violations,
      madeFrom: isSameContent ? newest.madeFrom : [],
      createdAt: clock.now(),
    };
  }

  /** Rooms above read Parquet only: a CSV file is turned into it once per version. */
  async #toParquet(dataset: Dataset, source: FileStamp, signal: AbortSignal): Promise<string> {
    const { engine, files, store, newId } = this.#needs;
    const project = dataset.project ?? "";
    await files.sweep(project, dataset.name, await store.paths(project, dataset.name));
    const path = files.newPath(project, dataset.name, newId());
    await engine.writeParquet([csvRowsStatement(source.path)], path, { files: [source.path], signal });
    return path;
  }

  async #showVersion(dataset: Dataset, newest: StoredVersion, lease: Lease): Promise<void> {
    const valid =
      newest.state === "valid" ? newest : await this.#needs.store.latestValid(newest.project, newest.dataset);
    const status = statusOfVersion(dataset.status, newest, valid?.version ?? null, this.#needs.clock.now());
    await this.#observe(dataset, status, lease, `version ${newest.version} is ${newest.state}`);
  }

  async #observe(dataset: Dataset, status: DatasetStatus, lease: Lease, message: string): Promise<Dataset> {
    return await this.#needs.resources.observe(datasetKind, dataset, status, {
      lease,
      message: `${dataset.name}: ${message}`,
    });
  }

  async #cleanUp(dataset: Dataset, lease: Lease): Promise<NextVisit> {
    const { resources, store, files } = this.#needs;
    await files.removeAll(dataset.project ?? "", dataset.name);
    await store.removeVersions(lease, dataset.project ?? "", dataset.name);
    await resources.remove(datasetKind, dataset, lease);
    return { kind: "settled" };
  }
}

/** Faults that belong into the status; anything else is the kernel's to retry. */
export function isTold(error: unknown): error is Fault {
  return (
    isFault(error) &&
    (error.code.startsWith("data.") || error.code === "platform.request-invalid" || error.code === "platform.disk-full")
  );
}

function isSameStamp(left: FileStamp, right: FileStamp): boolean {
  return left.path === right.path && left.bytes === right.bytes && left.modifiedAt === right.modifiedAt;
}
