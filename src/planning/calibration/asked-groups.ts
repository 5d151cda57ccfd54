import * as z from "zod";
import { findAccelerator, isKnownAccelerator } from "../catalog/find-accelerator.ts";
import type { PlanningKind } from "../questions/model.ts";
import type { PredictionKind } from "./model.ts";
import { powerGroup } from "./predict-power.ts";
import { servingGroup, trainingGroup } from "./site-groups.ts";

/** What names the groups of a question; the planner complains about the rest. */
const namedSchema = z.object({
  accelerator: z.string().catch(""),
  stack: z.string().catch("megatron-core").default("megatron-core"),
  engine: z.string().catch("vllm").default("vllm"),
  fleet: z.object({ gpu: z.string() }).optional().catch(undefined),
  demand: z
    .object({ stages: z.array(z.unknown()) })
    .optional()
    .catch(undefined),
});

/** A stage whose served model is sized, under the engine that is assumed where none is named. */
const servedSchema = z
  .object({ requests: z.object({ served: z.object({ engine: z.string().max(40).default("vllm") }) }) })
  .transform(({ requests }) => requests.served.engine);

/** A stage whose trained model is sized, with the stack that is assumed where none is named. */
const trainedSchema = z
  .object({ jobs: z.object({ trained: z.object({ stack: z.string().max(40).default("megatron-core") }) }) })
  .transform(({ jobs }) => jobs.trained.stack);

/** What a plan's stages name, of those that the schema reads; each once. */
function namedIn(
  stages: readonly unknown[],
  schema: { readonly safeParse: (stage: unknown) => z.ZodSafeParseResult<string> },
): readonly string[] {
  const names = stages.flatMap((stage) => {
    const read = schema.safeParse(stage);
    return read.success ? [read.data] : [];
  });
  return [...new Set(names)];
}

/** The kinds and groups of what a site may have measured of the answer to a question. */
export function askedGroups(
  kind: PlanningKind,
  question: Readonly<Record<string, unknown>>,
): readonly { readonly kind: PredictionKind; readonly group: string }[] {
  const { accelerator, stack, engine, fleet, demand } = namedSchema.parse({ accelerator: "", ...question });
  const asked = kind === "plan" ? (fleet?.gpu ?? "") : accelerator;
  if (!isKnownAccelerator(asked)) return [];
  const { name } = findAccelerator(asked);
  switch (kind) {
    case "size-training":
      return (["step-time", "training-duration"] as const).map((each) => ({
        kind: each,
        group: trainingGroup(name, stack),
      }));
    case "size-inference":
      return (["ttft", "tpot"] as const).map((each) => ({ kind: each, group: servingGroup(name, engine) }));
    case "plan":
      return [
        { kind: "failures", group: name },
        { kind: "power", group: powerGroup(name, "server") },
        { kind: "power", group: powerGroup(name, "boards") },
        ...namedIn(demand?.stages ?? [], servedSchema).flatMap((each) =>
          (["ttft", "tpot"] as const).map((timed) => ({ kind: timed, group: servingGroup(name, each) })),
        ),
        ...namedIn(demand?.stages ?? [], trainedSchema).flatMap((each) =>
          (["step-time", "training-duration"] as const).map((timed) => ({
            kind: timed,
            group: trainingGroup(name, each),
          })),
        ),
      ];
    case "cost":
    case "advise":
      return [];
  }
}
