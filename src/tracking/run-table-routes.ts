import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import type { ObjectStore } from "../platform/ports.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { checkArtifactPath, proxiedPath } from "./artifact-path.ts";
import { listArtifacts, sendArtifact } from "./artifact-routes.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import { trackingLimits } from "./limits.ts";
import type { MetricStore } from "./metric-store.ts";
import { artifactListSchema, metricSeriesListSchema, type Run, runDetailSchema, runPageSchema } from "./model.ts";
import { parsePageToken, toPage } from "./page-token.ts";
import { invalidRequest } from "./request-field.ts";
import { requireRun } from "./run-routes.ts";
import { toMetricSeries, toRunDetail, toRunRow } from "./run-row.ts";
import { parseRunFilter, parseRunOrder } from "./run-search.ts";
import type { RunSearchStore } from "./run-search-store.ts";
import { missingRun } from "./run-store.ts";

export interface RunTableRouteNeeds {
  readonly experiments: ExperimentStore;
  readonly search: RunSearchStore;
  readonly metrics: MetricStore;
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

const pageMax = 1000;
const pageDefault = 100;
const curvesMax = 100;
const pointsPerCurve = 2000;

const textsSchema = z
  .union([z.string(), z.array(z.string())])
  .transform((found) => [found].flat().flatMap((each) => each.split(",")));
const readPermission = { scope: "project", action: "read" } as const;
const projectSchema = z.object({ project: z.string() });
const runSchema = z.object({ project: z.string(), id: z.string() });

/** Runs as the UI and the command line read them. */
export function runTableRoutes(needs: RunTableRouteNeeds): readonly Route[] {
  return [tableRoute(needs), curvesRoute(needs), detailRoute(needs), ...fileRoutes(needs)];
}

function tableRoute(needs: RunTableRouteNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/runs",
    summary: "Runs with their params and last metrics; filter and order in MLflow's search language.",
    permission: readPermission,
    params: projectSchema,
    query: z.object({
      experiment: z.string().optional().describe("Name of an experiment; absent: all of them."),
      filter: z.string().default("").describe("Such as: metrics.auc > 0.7 and params.depth = '6'"),
      order: textsSchema.default([]).describe("Such as: metrics.auc DESC"),
      limit: z.coerce.number().int().min(1).max(pageMax).default(pageDefault),
      cursor: z.string().optional().describe("The nextCursor of the page before."),
    }),
    reply: runPageSchema,
    async handler({ params, query }) {
      const now = needs.clock.now();
      const experiment =
        query.experiment === undefined
          ? undefined
          : await needs.experiments.byName(params.project, query.experiment, now);
      if (query.experiment !== undefined && experiment === undefined) return { runs: [], nextCursor: null };
      const offset = parsePageToken(query.cursor);
      const found = await needs.search.search({
        project: params.project,
        experimentIds: experiment === undefined ? null : [experiment.experimentId],
        conditions: parseRunFilter(query.filter),
        order: parseRunOrder(query.order),
        lifecycles: ["active"],
        offset,
        limit: query.limit + 1,
      });
      const page = toPage(found, offset, query.limit);
      const names = await experimentNames(needs, params.project, page.rows);
      return {
        runs: page.rows.map((run) => toRunRow(run, names.get(run.experimentId) ?? run.experimentId, now)),
        nextCursor: page.nextToken,
      };
    },
  });
}

async function experimentNames(
  needs: RunTableRouteNeeds,
  project: string,
  runs: readonly Run[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(runs.map((run) => run.experimentId))];
  const found = await Promise.all(ids.map((id) => needs.experiments.get(project, id, needs.clock.now())));
  return new Map(
    found.flatMap((experiment) =>
      experiment === undefined ? [] : [[experiment.experimentId, experiment.name] as const],
    ),
  );
}

function curvesRoute(needs: RunTableRouteNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/runs/metrics",
    summary: "Curves of metrics of some runs, thinned to at most 2,000 points each; extremes stay.",
    permission: readPermission,
    params: projectSchema,
    query: z.object({
      run: textsSchema.default([]).describe("Ids of runs; may be repeated, or joined by commas."),
      runs: textsSchema.default([]),
      key: textsSchema.default([]).describe("Names of metrics; may be repeated, or joined by commas."),
      keys: textsSchema.default([]),
    }),
    reply: metricSeriesListSchema,
    async handler({ params, query }) {
      const runIds = [...query.run, ...query.runs].filter((each) => each !== "");
      const keys = [...query.key, ...query.keys].filter((each) => each !== "");
      if (runIds.length * keys.length > curvesMax)
        throw invalidRequest(`${runIds.length * keys.length} curves are asked for; at most ${curvesMax} come at once.`);
      const curves = await needs.metrics.thinnedHistories(params.project, runIds, keys, { pointsMax: pointsPerCurve });
      return { series: curves.map(toMetricSeries) };
    },
  });
}

function detailRoute(needs: RunTableRouteNeeds): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/projects/:project/runs/:id",
    summary: "One run.",
    permission: readPermission,
    params: runSchema,
    reply: runDetailSchema,
    async handler({ params }) {
      const run = await requireRun(needs.search, params.project, params.id);
      const names = await experimentNames(needs, params.project, [run]);
      return toRunDetail(run, names.get(run.experimentId) ?? run.experimentId, needs.clock.now());
    },
  });
}

function fileRoutes(needs: RunTableRouteNeeds): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/runs/:id/artifacts",
      summary: "Files and folders that a run logged, right below a path.",
      permission: readPermission,
      params: runSchema,
      query: z.object({ path: z.string().max(trackingLimits.filterLength).default("") }),
      reply: artifactListSchema,
      async handler({ params, query }) {
        const run = await requireRun(needs.search, params.project, params.id);
        const below = checkArtifactPath(query.path);
        const path = proxiedPath(run.artifactUri, below);
        const entries = path === null ? [] : await listArtifacts(needs.objects, params.project, path);
        return {
          files: entries.map(({ name, isFolder, bytes }) => ({
            path: below === "" ? name : `${below}/${name}`,
            isFolder,
            bytes,
          })),
        };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/runs/:id/artifacts/*",
      summary: "Download a file that a run logged.",
      permission: readPermission,
      params: runSchema.extend({ "*": z.string() }),
      async handler(request) {
        const { params } = request;
        const run = await requireRun(needs.search, params.project, params.id);
        const path = proxiedPath(run.artifactUri, checkArtifactPath(params["*"]));
        if (path === null) throw missingRun(params.id);
        return await sendArtifact(needs.objects, params.project, path, request);
      },
    }),
  ];
}
