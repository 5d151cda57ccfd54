import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { type ColumnProfile, profiledColumnsMax, sharesStatement, statsStatement, toProfile } from "./profile-sql.ts";
import type { DatasetVersion, SqlEngine } from "./ports.ts";
import { firstRowsStatement } from "./quote-sql.ts";
import type { DataStore } from "./store.ts";

/** The most rows that a preview shows. */
const previewMax = 1_000;
/** Profiles kept in memory, by content. */
const profilesMax = 100;
/** Runs that a list of a pipeline's steps shows. */
const stepRunsListed = 100;

const namedSchema = z.object({ project: z.string(), name: z.string() });
const versionQuery = z.object({ version: z.coerce.number().int().min(1).optional() });

export interface DataRouteNeeds {
  readonly store: DataStore;
  readonly engine: SqlEngine;
}

/** What the room answers beyond the resources themselves: versions, rows and profiles of datasets, runs of steps. */
export function dataRoutes({ store, engine }: DataRouteNeeds): readonly Route[] {
  const profiles = new Map<string, Promise<readonly ColumnProfile[]>>();

  const find = async (project: string, name: string, version: number | undefined): Promise<DatasetVersion> => {
    const found =
      version === undefined ? await store.newest(project, name) : await store.version(project, name, version);
    if (found !== undefined) return found;
    const which = version === undefined ? "any version yet" : `a version ${version}`;
    throw new Fault("data.dataset-missing", `dataset ${name} of project ${project} does not have ${which}`, {
      details: { project, dataset: name, version: version ?? null },
    });
  };

  const profile = async (version: DatasetVersion, signal: AbortSignal): Promise<readonly ColumnProfile[]> => {
    const known = profiles.get(version.contentHash);
    if (known !== undefined) return await known;
    const made = profileRows(engine, version, signal);
    if (profiles.size >= profilesMax) profiles.clear();
    profiles.set(version.contentHash, made);
    try {
      return await made;
    } catch (error) {
      profiles.delete(version.contentHash);
      throw error;
    }
  };

  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/datasets/:name/versions",
      summary: "Lists the versions of a dataset, newest first.",
      permission: { scope: "project", action: "read" },
      params: namedSchema,
      handler: async ({ params }) => ({ versions: await store.versions(params.project, params.name) }),
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/datasets/:name/rows",
      summary: "Shows the first rows of a dataset's version, the newest unless named.",
      permission: { scope: "project", action: "read" },
      params: namedSchema,
      query: versionQuery.extend({ limit: z.coerce.number().int().min(1).max(previewMax).default(50) }),
      handler: async ({ params, query, signal }) => {
        const version = await find(params.project, params.name, query.version);
        const statement = firstRowsStatement(version.path, query.limit);
        const result = await engine.query([statement], { maxRows: query.limit, files: [version.path], signal });
        return { version: version.version, ...result };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/datasets/:name/profile",
      summary: "Shows figures and histograms of a version's columns, the newest unless named.",
      permission: { scope: "project", action: "read" },
      params: namedSchema,
      query: versionQuery,
      handler: async ({ params, query }) => {
        const version = await find(params.project, params.name, query.version);
        // Shared by everyone who asks meanwhile: one caller's leaving must not end it. The engine's time limit holds.
        const columns = await profile(version, new AbortController().signal);
        return { version: version.version, rows: version.rows, columns };
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/pipelines/:name/runs",
      summary: "Lists the runs of a pipeline's steps, newest first.",
      permission: { scope: "project", action: "read" },
      params: namedSchema,
      handler: async ({ params }) => ({ runs: await store.stepRuns(params.project, params.name, stepRunsListed) }),
    }),
  ];
}

async function profileRows(
  engine: SqlEngine,
  version: DatasetVersion,
  signal: AbortSignal,
): Promise<readonly ColumnProfile[]> {
  const columns = version.columns.slice(0, profiledColumnsMax);
  const options = { maxRows: columns.length * 100, files: [version.path], signal };
  const stats = await engine.query([statsStatement(version.path, columns, version.rows)], options);
  const shares = await engine.query([sharesStatement(version.path, columns, stats)], options);
  return toProfile(columns, stats, shares);
}
