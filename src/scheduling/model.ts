import * as z from "zod";
import { sizeSchema } from "../compute/model.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";

/** The most GPUs or CPUs that one quota may speak of. */
const countMax = 1_000_000;
/** The most GPU models, or other resources, that one quota may name. */
const resourcesMax = 50;

/** The key of `spec.gpus` that stands for GPUs of whatever model. */
export const anyModel = "any";

/** What a quota says of one resource, its amounts being of the given schema. */
function limitsSchema<Amount extends z.ZodType>(amount: Amount, unit: string) {
  return z.strictObject({
    nominal: amount.describe(`Its own, always recoverable: ${unit}. Adds to what the quotas below it lend.`),
    borrowingLimit: amount
      .optional()
      .describe(`The most that it may take beyond its own while others leave it idle: ${unit}. Left out: no limit.`),
    lendingLimit: amount
      .optional()
      .describe(`The most of its own that others may use while it is idle: ${unit}. Left out: all of it.`),
  });
}

const countSchema = z.number().min(0).max(countMax).multipleOf(0.001);
const gpuLimitsSchema = limitsSchema(countSchema, "GPUs, such as 8 or 0.5");
const cpuLimitsSchema = limitsSchema(countSchema, "CPUs, such as 64 or 0.5");
const memoryLimitsSchema = limitsSchema(sizeSchema, "a size, such as 64GB");
const otherLimitsSchema = limitsSchema(z.int().min(0).max(Number.MAX_SAFE_INTEGER), "a whole number");

const policySchema = z.enum(["never", "lower-priority", "any"]);

function atMost<Value extends z.ZodType>(key: z.ZodString, value: Value) {
  return z
    .record(key, value)
    .refine((record) => Object.keys(record).length <= resourcesMax, `name at most ${resourcesMax}`);
}

const quotaSpecSchema = z.strictObject({
  team: nameSchema
    .optional()
    .describe("The team that it is for. With neither team nor project, it is a group of quotas."),
  project: nameSchema.optional().describe("The project that it is for."),
  parent: nameSchema
    .optional()
    .describe("The quota that it stands below. Left out: a project's stands below its team's, any other at the top."),
  weight: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe("Its part of what is left over, among the quotas beside it: 2 gets twice as much as 1."),
  gpus: atMost(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$/, "write a GPU model, such as H100, or any"),
    gpuLimitsSchema,
  )
    .default({})
    .describe(`GPUs by model: a part of its name, such as H100, or ${anyModel}. What no quota names is not limited.`),
  cpus: cpuLimitsSchema.optional().describe("CPUs."),
  memory: memoryLimitsSchema.optional().describe("Memory."),
  others: atMost(
    z.string().regex(/^[a-z0-9][a-z0-9._/-]{0,62}$/, "write a resource's name, such as licences"),
    otherLimitsSchema,
  )
    .default({})
    .describe("Resources of your own, in whole numbers."),
  policies: z
    .strictObject({
      reclaim: policySchema
        .optional()
        .describe("Whose work it evicts to get back what it lent, or to get its fair share. At the top: any."),
      preempt: policySchema
        .optional()
        .describe(
          "Whose work within it a waiting workload evicts; any: also later work of equal priority. At the top: lower-priority.",
        ),
    })
    .prefault({})
    .describe("Whom it may evict; what is left out is as in the quota above it."),
});

/** What a team, a project or a group of them may count on, take and lend. */
export const quotaKind = defineKind({
  kind: "Quota",
  plural: "quotas",
  aliases: ["quota"],
  scope: "platform",
  summary: "What a team, a project or a group of them may count on, borrow and lend, and its weight among the others.",
  spec: quotaSpecSchema,
  status: z.object({ phase: z.string(), conditions: z.array(conditionSchema) }),
  initialStatus: { phase: "active", conditions: [] },
  columns: [
    { heading: "TEAM", path: "spec.team" },
    { heading: "FOR PROJECT", path: "spec.project" },
    { heading: "PARENT", path: "spec.parent" },
    { heading: "WEIGHT", path: "spec.weight", format: "count" },
  ],
  needsCleanup: false,
});

export type QuotaSpec = z.infer<typeof quotaSpecSchema>;
