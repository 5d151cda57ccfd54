import * as z from "zod";
import type { Clock } from "../base/clock.ts";
import { defineRoute, type Route } from "../platform/route.ts";
import { listCatalog } from "./list-catalog.ts";
import { planSchema } from "./model.ts";
import { measuredLike } from "./measured-like.ts";
import type { Planner } from "./ports.ts";
import type { PredictionStore } from "./prediction-store.ts";
import {
  adviceQuestionSchema,
  costQuestionSchema,
  inferenceQuestionSchema,
  type PlanningKind,
  planningKinds,
  trainingQuestionSchema,
} from "./questions/model.ts";
import { reportDocumentSchema } from "./report/model.ts";

export interface PlanningRoutesNeeds {
  readonly planner: Planner;
  readonly store: PredictionStore;
  readonly clock: Clock;
}

const summaries: Readonly<Record<PlanningKind, string>> = {
  plan: "Sizes and prices a whole fleet from a plan (its schema: millwright plan --schema).",
  "size-training": "Sizes a training run: the best layouts, their time and memory, and why others lost.",
  "size-inference": "Sizes the serving of a model: how many replicas of which layout keep the goals.",
  cost: "Prices one fleet each way to get it: buy, rent, reserve and the best mix.",
  advise: "Compares GPUs for a workload under rules of residency and isolation, and says who should run it.",
};

const questionSchemas: Readonly<Record<PlanningKind, z.ZodType>> = {
  plan: planSchema,
  "size-training": trainingQuestionSchema,
  "size-inference": inferenceQuestionSchema,
  cost: costQuestionSchema,
  advise: adviceQuestionSchema,
};

/**
 * Any object, told as what it should be: a question is checked by the planner itself, which tells what was given from what it
 * assumed.
 */
function questionBody(kind: PlanningKind): z.ZodType<Readonly<Record<string, unknown>>> {
  const { $schema: _, ...fields } = z.toJSONSchema(questionSchemas[kind], { io: "input", unrepresentable: "any" });
  return z.record(z.string(), z.unknown()).meta(fields);
}

const replySchema = z.object({
  answer: z.record(z.string(), z.unknown()),
  document: reportDocumentSchema,
  files: z.record(z.string(), z.string()).optional(),
});

/** Questions to the planner, and what they may name. They read nothing of any project: every key may ask. */
export function planningRoutes(needs: PlanningRoutesNeeds): readonly Route[] {
  return [...planningKinds.map((kind) => questionRoute(kind, needs)), catalogRoute()];
}

function questionRoute(kind: PlanningKind, { planner, store, clock }: PlanningRoutesNeeds): Route {
  return defineRoute({
    method: "POST",
    path: `/api/v1/planning/${kind}`,
    summary: summaries[kind],
    permission: { scope: "any" },
    query: z.object({
      files: z.enum(["true", "false"]).default("false").describe("Whether the report's files come too."),
    }),
    body: questionBody(kind),
    reply: replySchema,
    handler: async ({ query, body, signal }) => {
      const thisMonth = new Date(clock.now()).toISOString().slice(0, "2026-12".length);
      const site = await measuredLike(store, kind, body);
      const { answer, document, files } = await planner.answer({ kind, question: body, thisMonth, site }, signal);
      return { answer, document, ...(query.files === "true" ? { files } : {}) };
    },
  });
}

function catalogRoute(): Route {
  const catalog = listCatalog();
  return defineRoute({
    method: "GET",
    path: "/api/v1/planning/catalog",
    summary: "Lists the accelerators, models and priced servers that a question may name, each with its source.",
    permission: { scope: "any" },
    handler: async () => catalog,
  });
}
