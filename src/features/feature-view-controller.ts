import type { Clock } from "../base/clock.ts";
import { isFault } from "../base/fault.ts";
import type { DatasetVersion, Datasets, SqlEngine } from "../data/ports.ts";
import type { Controller, Lease, NextVisit } from "../platform/controller.ts";
import type { LoggedEvent } from "../platform/event.ts";
import type { Waker } from "../platform/reconciler.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { parseRefKey, refKey, type Resource, withCondition } from "../platform/resource.ts";
import { checkView } from "./check-training-set.ts";
import { requireUniqueIds } from "./drivers/require-unique-ids.ts";
import { featureViewKind, type FeatureViewSpec, type FeatureViewStatus } from "./model.ts";

type FeatureView = Resource<FeatureViewSpec, FeatureViewStatus>;

const datasetKindName = "Dataset";
const concurrency = 2;
/** When to look again at a source whose file is gone or just changed. */
const retryMs = 15_000;

export interface FeatureViewControllerNeeds {
  readonly resources: ResourceStore;
  readonly datasets: Datasets;
  readonly engine: SqlEngine;
  readonly waker: Waker;
  readonly clock: Clock;
}

/** How a look at a view's source ended. */
interface Finding {
  readonly phase: FeatureViewStatus["phase"];
  readonly reason: string;
  readonly message: string;
  readonly checkedAgainst: string | null;
}

/** Checks each view against the newest valid version of its source: columns, their types, unique ids. */
export class FeatureViewController implements Controller {
  readonly name = "feature-view";
  readonly concurrency = concurrency;
  readonly #needs: FeatureViewControllerNeeds;

  constructor(needs: FeatureViewControllerNeeds) {
    this.#needs = needs;
  }

  keysOf(event: LoggedEvent): readonly string[] {
    if (event.verb === "observed") return [];
    const { kind } = event.subject;
    return kind === featureViewKind.kind || kind === datasetKindName ? [refKey(event.subject)] : [];
  }

  async reconcile(key: string, lease: Lease, signal: AbortSignal): Promise<NextVisit> {
    const { kind, project, name } = parseRefKey(key);
    if (kind === datasetKindName) return await this.#wakeUsers(project ?? "", name);
    const view = await this.#needs.resources.get(featureViewKind, project, name);
    if (view === undefined || view.deletingSince !== null) return { kind: "settled" };
    const finding = await this.#look(view, signal);
    await this.#observe(view, finding, lease);
    return finding.reason === "SourceUnreadable" ? { kind: "again", afterMs: retryMs } : { kind: "settled" };
  }

  async #wakeUsers(project: string, dataset: string): Promise<NextVisit> {
    const views = await this.#needs.resources.list(featureViewKind, { projects: [project] });
    for (const view of views) {
      if (view.spec.source.dataset === dataset) await this.#needs.waker.wake(this.name, refKey(view));
    }
    return { kind: "settled" };
  }

  async #look(view: FeatureView, signal: AbortSignal): Promise<Finding> {
    const { dataset } = view.spec.source;
    try {
      const source = await this.#needs.datasets.latest(view.project ?? "", dataset);
      if (source === undefined) {
        const message = `dataset ${dataset} has no valid version yet`;
        return { phase: "pending", reason: "WaitingForSource", message, checkedAgainst: null };
      }
      return await this.#checkAgainst(view, source, signal);
    } catch (error) {
      if (!isFault(error) || !error.code.startsWith("data.")) throw error;
      return { phase: "failed", reason: "SourceUnreadable", message: error.message, checkedAgainst: null };
    }
  }

  async #checkAgainst(view: FeatureView, source: DatasetVersion, signal: AbortSignal): Promise<Finding> {
    const checkedAgainst = `${source.dataset}@${source.version}`;
    const violations = checkView(view.name, view.spec, source);
    if (violations.length > 0) {
      return { phase: "failed", reason: "Invalid", message: violations.join("; "), checkedAgainst };
    }
    try {
      await requireUniqueIds(this.#needs.engine, view.name, view.spec, source, signal);
    } catch (error) {
      if (!isFault(error, "features.view-invalid")) throw error;
      return { phase: "failed", reason: "IdsRepeated", message: error.message, checkedAgainst };
    }
    const message = `${view.spec.features.length} features over ${checkedAgainst}`;
    return { phase: "ready", reason: "Ready", message, checkedAgainst };
  }

  async #observe(view: FeatureView, finding: Finding, lease: Lease): Promise<void> {
    const { resources, clock } = this.#needs;
    const { phase, reason, message, checkedAgainst } = finding;
    const status = phase === "ready" ? "true" : phase === "failed" ? "false" : "unknown";
    const condition = { type: "Ready", status, reason, message, since: clock.now() } as const;
    const next: FeatureViewStatus = {
      phase,
      checkedAgainst,
      features: view.spec.features.map((feature) => feature.name),
      conditions: withCondition(view.status.conditions, condition),
    };
    await resources.observe(featureViewKind, view, next, { lease, message: `${view.name}: ${message}` });
  }
}
