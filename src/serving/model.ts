import * as z from "zod";
import { calendarParts } from "./calendar-part.ts";
import { sizePattern } from "../base/units.ts";
import { gpuAmountSchema } from "../compute/model.ts";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";
import {
  admissionPolicySchema,
  arms,
  priceSchema,
  routingPolicySchema,
  sloSchema,
  stickySchema,
} from "./gateway/route-policy.ts";
import { externalSchema, ggufSchema, onnxSchema, processSchema, runtimes } from "./runtime-spec.ts";
import { autoscaleSchema, maxReplicas } from "./autoscale/autoscale-spec.ts";
import { rolloutSpecSchema, rolloutStrategies } from "./rollout-spec.ts";
import { datatypes } from "./tensor.ts";
import { updateSchema } from "./update-spec.ts";

const inputSchema = z.strictObject({
  name: z.string().min(1).max(128).describe("Name of the input in requests, such as origin."),
  datatype: z.enum(datatypes).describe("Its type in the Open Inference Protocol, such as BYTES or INT64."),
});

const featuresSchema = z.strictObject({
  timestamp: z
    .string()
    .optional()
    .describe("Request input with the moment of a row in milliseconds since 1970; without it, the moment of arrival."),
  views: z
    .array(nameSchema)
    .max(16)
    .default([])
    .describe("Feature views to join; their entity columns are looked up among the request inputs."),
  calendar: z
    .record(z.string().min(1).max(128), z.enum(calendarParts))
    .default({})
    .describe(
      "Columns that are computed from the row's moment (UTC), such as hour: hour, so that callers need not send them.",
    ),
  backfillUntil: z
    .union([z.number(), z.iso.datetime(), z.iso.date()])
    .optional()
    .describe(
      "Fill the online store with what the views' sources knew before this moment; without it, up to the newest known row.",
    ),
});

/** What a spec lacks for its runtime, or has for another one. */
function* missingFields(spec: {
  readonly runtime: (typeof runtimes)[number];
  readonly model?: string | undefined;
  readonly pool?: string | undefined;
  readonly inputs: readonly unknown[];
  readonly features: { readonly views: readonly unknown[] };
  readonly external?: unknown;
  readonly process?: unknown;
  readonly gguf?: { readonly file?: string | undefined } | undefined;
  readonly onnx?: { readonly file?: string | undefined } | undefined;
  readonly slo?: unknown;
  readonly price?: z.output<typeof priceSchema> | undefined;
  readonly rollout: { readonly strategy: string; readonly baseline?: boolean };
  readonly autoscale?: { readonly min: number; readonly target: { readonly goodput?: number | undefined } } | undefined;
}): Iterable<readonly [string, string]> {
  const { runtime } = spec;
  for (const block of ["onnx", "gguf"] as const) {
    if (runtime !== block || (spec.model === undefined) !== (spec[block]?.file === undefined)) continue;
    yield ["model", `runtime: ${block} wants a registered model or ${block}.file, one of the two`];
  }
  if (spec.inputs.length > 0 && spec.onnx?.file !== undefined) {
    yield ["inputs", "a tabular model must be a registered one, since its version names its columns"];
  }
  if (runtime === "external" && spec.model !== undefined) {
    yield ["model", "runtime: external serves no registered model; name it in external.model"];
  }
  if (runtime !== "external" && spec.pool === undefined) yield ["pool", `runtime: ${runtime} wants a pool`];
  if (spec.autoscale !== undefined && runtime === "external") {
    yield ["autoscale", "runtime: external has no replicas of ours to scale"];
  }
  if (spec.autoscale?.min === 0 && runtime === "onnx" && spec.inputs.length > 0) {
    yield ["autoscale", "a tabular model wants min 1 or more: its features are joined while it serves"];
  }
  if (spec.autoscale?.target.goodput !== undefined && spec.slo === undefined) {
    yield ["slo", "autoscale.target.goodput wants an slo to measure by"];
  }
  if (spec.price !== undefined) yield* wrongPrices(spec.price, runtime === "onnx" && spec.inputs.length > 0);
  if (spec.inputs.length > 0 && spec.rollout.baseline === true) {
    yield ["rollout", "baseline compares models that warm up; a tabular one needs none"];
  }
  if (spec.inputs.length === 0 && spec.features.views.length > 0) {
    yield ["inputs", "features are looked up by inputs: name at least one"];
  }
  for (const block of ["external", "process"] as const) {
    if (runtime === block && spec[block] === undefined) yield [block, `runtime: ${block} wants this block`];
  }
  for (const block of ["external", "process", "gguf", "onnx"] as const) {
    if (runtime !== block && spec[block] !== undefined) yield [block, `this block wants runtime: ${block}`];
  }
}

function* wrongPrices(
  { inputPerMillion, outputPerMillion, rowsPerMillion }: z.output<typeof priceSchema>,
  isTabular: boolean,
): Iterable<readonly [string, string]> {
  if (!isTabular && rowsPerMillion !== undefined) {
    yield ["price", "rows are counted of tabular models alone; write inputPerMillion and outputPerMillion"];
  }
  if (isTabular && (inputPerMillion > 0 || outputPerMillion > 0)) {
    yield ["price", "a tabular model takes rows and no tokens; write rowsPerMillion"];
  }
}

export const deploymentSpecSchema = z
  .strictObject({
    model: nameSchema
      .optional()
      .describe("The registered model; its alias champion serves, its alias candidate is rolled out."),
    pool: nameSchema.optional().describe("The pool in which replicas run; wanted by all but runtime: external."),
    replicas: z
      .int()
      .min(1)
      .max(maxReplicas)
      .default(1)
      .describe("Replicas of each version; with autoscale, those to begin with."),
    autoscale: autoscaleSchema.optional().describe("How the number of replicas follows the load; absent: it does not."),
    resources: z
      .strictObject({
        cpus: z.number().min(0.1).max(256).default(1).describe("Processors of one replica."),
        memory: z
          .string()
          .regex(sizePattern, "write a size, such as 512MiB")
          .default("512MiB")
          .describe("Memory of one replica."),
        gpus: gpuAmountSchema.optional().describe("GPUs of one replica, or a share of one such as 0.25; absent: none."),
        gpuModel: z.string().min(1).max(100).optional().describe("GPU model, such as L4; absent: any."),
      })
      .prefault({})
      .describe("What one replica needs."),
    update: updateSchema.prefault({}).describe("How replicas are replaced that are to be started in another way."),
    priority: z
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe("Of its replicas in the queue, 0 to 100, higher first; absent: 80."),
    preemptible: z
      .boolean()
      .optional()
      .describe("Whether its replicas may be stopped for others; absent: they may not."),
    runtime: z.enum(runtimes).default("onnx").describe("What runs the model."),
    external: externalSchema.optional().describe("For runtime: external, where the model is reached."),
    process: processSchema.optional().describe("For runtime: process, the program that serves."),
    onnx: onnxSchema.optional().describe("For runtime: onnx, how the file is run."),
    gguf: ggufSchema.optional().describe("For runtime: gguf, how the file is run."),
    routing: routingPolicySchema.prefault({}).describe("How a replica is chosen."),
    admission: admissionPolicySchema.prefault({}).describe("How requests wait for a place."),
    slo: sloSchema.optional().describe("What a request must keep to count as goodput."),
    price: priceSchema.optional().describe("What tokens cost, or the rows of a tabular model."),
    fallbacks: z
      .array(nameSchema)
      .max(8)
      .default([])
      .describe("Deployments of the project that are asked in turn when this one cannot answer."),
    sticky: stickySchema
      .optional()
      .describe("How callers stay with one version during a rollout; absent: they need not."),
    features: featuresSchema.prefault({}).describe("Features that the gateway joins to each request."),
    inputs: z
      .array(inputSchema)
      .max(256)
      .default([])
      .describe("What callers of a tabular model send; runtime: onnx without inputs serves the model's own tensors."),
    outcome: z
      .strictObject({ label: z.string().min(1).max(128).describe("What outcome 1 means, such as late.") })
      .optional()
      .describe("What really happened, sent later by request id: 0 or 1."),
    rollout: rolloutSpecSchema.prefault({}).describe("How a candidate becomes the champion."),
  })
  .refine((spec) => new Set(spec.inputs.map((input) => input.name)).size === spec.inputs.length, {
    message: "two inputs have the same name",
    path: ["inputs"],
  })
  .refine(
    (spec) =>
      spec.features.timestamp === undefined || spec.inputs.some((input) => input.name === spec.features.timestamp),
    {
      message: "the timestamp must be one of the inputs",
      path: ["features", "timestamp"],
    },
  )
  .superRefine((spec, context) => {
    for (const [field, message] of missingFields(spec)) context.addIssue({ code: "custom", path: [field], message });
  });

/** What a deployment declares. */
export type DeploymentSpec = Readonly<z.output<typeof deploymentSpecSchema>>;

const servedVersionSchema = z.object({ versionId: z.string(), version: z.string() });

const rolloutStatusSchema = z.object({
  versionId: z.string(),
  version: z.string(),
  /** The version that served when it began. */
  championId: z.string().default(""),
  championVersion: z.string().default(""),
  strategy: z.enum(rolloutStrategies).default("canary"),
  /** `ended`: the comparison is over and the champion serves on. */
  state: z.enum(["starting", "running", "paused", "completed", "rolled-back", "ended"]),
  /** The candidate's shares in percent, rising; a first one of 0 takes no requests. */
  steps: z.array(z.number()).default([]),
  /** Place in `steps`. */
  step: z.int(),
  percent: z.number(),
  startedAt: z.number(),
  stepStartedAt: z.number(),
  /** When a person's last order was given that was obeyed. */
  orderedAt: z.number().default(0),
  /** Who promoted it, and why, before it was whole; null when nobody did. */
  promotedBy: z.string().nullable().default(null),
  /** The first revision of traffic that belongs to the rollout, and that of the present step. */
  firstRevision: z.int(),
  stepRevision: z.int(),
  looks: z.int(),
  /** The last look's decision and the reason in words. */
  decision: z.string(),
  reason: z.string(),
  /** Steps taken so far. */
  history: z.array(z.object({ percent: z.number(), startedAt: z.number() })),
});

export const deploymentStatusSchema = z.object({
  phase: z.enum(["pending", "deploying", "serving", "rolling-out", "rolled-back", "failed"]),
  champion: servedVersionSchema.nullable(),
  candidate: servedVersionSchema.nullable(),
  /** Shares of traffic in force. */
  traffic: z.array(servedVersionSchema.extend({ percent: z.number(), arm: z.enum(arms).default("champion") })),
  /** Counts the changes of traffic. */
  revision: z.int(),
  rollout: rolloutStatusSchema.nullable(),
  replicas: z.array(
    servedVersionSchema.extend({
      workload: z.string(),
      state: z.string(),
      ready: z.boolean(),
      /** Whether it serves the champion's version beside a candidate, to be compared with it. */
      isBaseline: z.boolean().default(false),
      /** Requests that the gateway keeps under way there at most, as told or learnt, to two digits; null without a bound. */
      capacity: z.int().nullable().default(null),
      message: z.string(),
    }),
  ),
  /** How many replicas each version is to have; null where the spec fixes them. */
  scale: z
    .object({
      replicas: z.int(),
      ready: z.int(),
      /** In words. */
      reason: z.string(),
      /** Whether a burst keeps scaling down off. */
      isPanic: z.boolean(),
      /** How long a replica takes from its start until it serves, milliseconds. */
      coldStartMs: z.number(),
      /** When the number last changed. */
      since: z.number(),
    })
    .nullable()
    .default(null),
  /** Where to send requests. */
  url: z.string().nullable(),
  conditions: z.array(conditionSchema),
});

/** What the platform observed of a deployment. */
export type DeploymentStatus = Readonly<z.infer<typeof deploymentStatusSchema>>;
export type RolloutStatus = Readonly<z.infer<typeof rolloutStatusSchema>>;
export type ServedVersion = Readonly<z.infer<typeof servedVersionSchema>>;

/** A model that answers requests through the gateway. */
export const deploymentKind = defineKind({
  kind: "Deployment",
  plural: "deployments",
  aliases: ["deployment", "deploy"],
  scope: "project",
  summary:
    "A registered model that answers requests through the gateway and takes new versions by a strategy of your choice.",
  spec: deploymentSpecSchema as z.ZodType<DeploymentSpec>,
  status: deploymentStatusSchema as z.ZodType<DeploymentStatus>,
  initialStatus: {
    phase: "pending",
    champion: null,
    candidate: null,
    traffic: [],
    revision: 0,
    rollout: null,
    replicas: [],
    scale: null,
    url: null,
    conditions: [],
  },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "MODEL", path: "spec.model" },
    { heading: "CHAMPION", path: "status.champion.version" },
    { heading: "CANDIDATE", path: "status.candidate.version" },
    { heading: "SHARE", path: "status.rollout.percent" },
    { heading: "URL", path: "status.url", isWide: true },
  ],
  needsCleanup: true,
});
