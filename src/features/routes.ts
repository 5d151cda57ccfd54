import * as z from "zod";
import { Fault } from "../base/fault.ts";
import type { SqlEngine } from "../data/ports.ts";
import { sharesStatement, statsStatement, toProfile } from "../data/profile-sql.ts";
import { describeStatement } from "../data/quote-sql.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import type { TrainingSetBuilder } from "./drivers/training-set-builder.ts";

/** The most columns of a set that a profile covers, and values per column in the engine's answer. */
const profiledColumnsMax = 100;
const valuesPerColumnMax = 100;

/** How long a caller may wait for a set. */
const buildLimitMs = 300_000;

const projectSchema = z.object({ project: z.string() });

const newTrainingSetSchema = z.strictObject({
  dataset: z.string().min(1).describe("Dataset whose rows are the moments."),
  timestamp: z.string().min(1).describe("Column of the moment."),
  from: z.number().describe("First moment, milliseconds since 1970."),
  to: z.number().describe("End of the range, itself not part of it."),
  columns: z.array(z.string().min(1)).min(1).max(500).describe("Columns that are passed through."),
  featureViews: z.array(z.string().min(1)).max(50).default([]),
  maxRows: z.int().positive().nullable().default(null),
});

/** What the room answers beyond feature views themselves: training sets and what is in them. */
export function featureRoutes(sets: TrainingSetBuilder, engine: SqlEngine): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/training-sets",
      summary: "Lists the training sets that were built for a project, newest data first.",
      permission: { scope: "project", action: "read" },
      params: projectSchema,
      handler: async ({ params }) => ({ trainingSets: await sets.list(params.project) }),
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/projects/:project/training-sets",
      summary: "Builds a training set, or finds the one that an equal request on equal data left.",
      permission: { scope: "project", action: "write" },
      params: projectSchema,
      body: newTrainingSetSchema,
      handler: async ({ params, body, signal }) => {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(buildLimitMs)]);
        return await sets.build({ project: params.project, ...body }, limit);
      },
    }),
    defineRoute({
      method: "GET",
      path: "/api/v1/projects/:project/training-sets/:id/profile",
      summary: "Shows figures and histograms of a training set's columns.",
      permission: { scope: "project", action: "read" },
      params: projectSchema.extend({ id: z.string().regex(/^[0-9a-f]{64}$/) }),
      handler: async ({ params, signal }) => {
        const set = await sets.find(params.project, params.id);
        if (set === undefined) {
          throw new Fault("platform.not-found", `project ${params.project} has no training set ${params.id}`);
        }
        const options = { maxRows: profiledColumnsMax * valuesPerColumnMax, files: [set.path], signal };
        const described = await engine.query([describeStatement(set.path)], options);
        const columns = described.rows
          .slice(0, profiledColumnsMax)
          .map(([name, type]) => ({ name: String(name), type: String(type) }));
        const stats = await engine.query([statsStatement(set.path, columns, set.record.rows)], options);
        const shares = await engine.query([sharesStatement(set.path, columns, stats)], options);
        return { ...set.record, columns: toProfile(columns, stats, shares) };
      },
    }),
  ];
}
