import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { ObjectStore } from "../../platform/ports.ts";
import { artifactKey, checkArtifactPath, proxiedPath } from "../artifact-path.ts";
import type { ExperimentStore } from "../experiment-store.ts";
import { trackingLimits } from "../limits.ts";
import type { MetricStore } from "../metric-store.ts";
import type { Run } from "../model.ts";
import { newExperiment } from "../new-experiment.ts";
import { isFinal, newRun } from "../new-run.ts";
import type { TrackedRun, Tracking } from "../ports.ts";
import type { RunSearchStore } from "../run-search-store.ts";
import { missingRun, type RunStore } from "../run-store.ts";
import { experimentEvent, runEvent } from "../tracking-event.ts";

/** What other rooms ask of tracking, answered from the room's own tables. */
export function storedTracking(needs: {
  readonly experiments: ExperimentStore;
  readonly runs: RunStore;
  readonly search: RunSearchStore;
  readonly metrics: MetricStore;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly newId: () => string;
}): Tracking {
  const { experiments, runs, search, objects, clock } = needs;
  const actor = "tracking";
  const find = async (runId: string): Promise<Run | undefined> => (await search.byId([runId]))[0];

  return {
    async ensureExperiment(project, name) {
      const now = clock.now();
      const known = await experiments.byName(project, name, now);
      if (known?.lifecycle === "active") return known.experimentId;
      if (known !== undefined) {
        await experiments.change(
          project,
          known.experimentId,
          () => ({ lifecycle: "active" }),
          experimentEvent(known, actor, "restored", now),
          now,
        );
        return known.experimentId;
      }
      const made = newExperiment({
        project,
        experimentId: needs.newId(),
        name,
        artifactLocation: undefined,
        tags: {},
        now,
      });
      return (await experiments.add(made, experimentEvent(made, actor, "created", now))).experiment.experimentId;
    },

    async ensureRun(asked) {
      const now = clock.now();
      const experiment = await experiments.get(asked.project, asked.experimentId, now);
      if (experiment === undefined)
        throw new Fault("tracking.not-found", `No Experiment with id=${asked.experimentId} exists`);
      const tagged = {
        runId: asked.runId,
        experiment,
        name: asked.name,
        userId: actor,
        startedAt: now,
        tags: asked.tags,
      };
      const run = newRun(tagged);
      await runs.add(run, runEvent(run, actor, "created", { status: run.status, now }));
    },

    async finishRun(runId, status) {
      const run = await find(runId);
      if (run === undefined) throw missingRun(runId);
      // The script may have said so itself; a run that was deleted stays as it is.
      if (run.status === status || run.lifecycle === "deleted") return;
      const now = clock.now();
      const endedAt = isFinal(run.status) ? (run.endedAt ?? now) : now;
      await runs.change(run.project, runId, { status, endedAt }, () =>
        runEvent(run, actor, "updated", { status, now }),
      );
    },

    async run(runId) {
      const run = await find(runId);
      return run === undefined ? undefined : toTrackedRun(run);
    },

    steadyMedian: (runId, key) => needs.metrics.steadyMedian(runId, key),

    async artifacts(runId, path) {
      const run = await find(runId);
      if (run === undefined) throw missingRun(runId);
      return await artifactsOf(objects, run, path);
    },
  };
}

async function artifactsOf(objects: ObjectStore, run: Run, path: string): ReturnType<Tracking["artifacts"]> {
  const root = proxiedPath(run.artifactUri, "");
  const folder = proxiedPath(run.artifactUri, checkArtifactPath(path));
  if (root === null || folder === null) return [];
  const rootKey = artifactKey(run.project, root);
  const found = await objects.list(`${artifactKey(run.project, folder)}/`, trackingLimits.artifactsPerListing);
  return found.map(({ key, bytes }) => ({ path: key.slice(rootKey.length + 1), objectKey: key, bytes }));
}

function toTrackedRun(run: Run): TrackedRun {
  return {
    runId: run.runId,
    experimentId: run.experimentId,
    project: run.project,
    name: run.name,
    status: run.status,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    params: run.params,
    metrics: Object.fromEntries(run.metrics.map((point) => [point.key, point.value])),
    tags: run.tags,
  };
}
