import * as z from "zod";
import { conditionSchema, defineKind, nameSchema } from "../platform/resource.ts";

/** The alias of the version that serves. */
export const championAlias = "champion";

/** The alias of the approved version that a deployment rolls out next. */
export const candidateAlias = "candidate";

/** The most approvals that a model may ask for. */
export const approvalsMax = 5;

/** What a model's name stands for, and what it takes to let a version serve. */
export const modelKind = defineKind({
  kind: "Model",
  plural: "models",
  aliases: ["model"],
  scope: "project",
  summary: "A named model: its versions pass an evaluation and an approval before they may serve.",
  spec: z.strictObject({
    description: z.string().max(2000).default("").describe("What the model answers, for people."),
    approvals: z
      .strictObject({
        required: z
          .int()
          .min(1)
          .max(approvalsMax)
          .default(1)
          .describe("How many people must approve a version; whoever made it does not count."),
      })
      .default({ required: 1 })
      .describe("Who lets a version serve."),
  }),
  status: z.object({
    /** `empty`: no version yet; `waiting`: one needs a person; `ready`. */
    phase: z.string(),
    /** Versions that passed their evaluation, so have a number. */
    versions: z.number(),
    /** Candidates that wait for an evaluation. */
    candidates: z.number(),
    /** Versions that wait for an approval. */
    waitingForApproval: z.number(),
    /** Number of the version under the alias `champion`, or null. */
    champion: z.number().nullable(),
    /** Number of the version under the alias `candidate`, or null. */
    candidate: z.number().nullable(),
    conditions: z.array(conditionSchema),
  }),
  initialStatus: {
    phase: "empty",
    versions: 0,
    candidates: 0,
    waitingForApproval: 0,
    champion: null,
    candidate: null,
    conditions: [],
  },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "VERSIONS", path: "status.versions", format: "count" },
    { heading: "CHAMPION", path: "status.champion", format: "count" },
    { heading: "CANDIDATE", path: "status.candidate", format: "count" },
    { heading: "TO APPROVE", path: "status.waitingForApproval", format: "count" },
  ],
  needsCleanup: false,
});

export const versionStates = ["candidate", "rejected", "passed", "approved", "retired"] as const;

export const lineageSchema = z.object({
  trainingJob: z.string(),
  runId: z.string(),
  workload: z.string(),
  codeHash: z.string(),
  trainingSet: z
    .object({
      id: z.string(),
      fingerprint: z.string(),
      rows: z.number(),
      from: z.number(),
      to: z.number(),
    })
    .nullable(),
  datasets: z.array(z.string()),
  featureViews: z.array(z.string()),
  startedBy: z.string(),
});

/** One version of a model on the wire. */
export const modelVersionSchema = z.object({
  id: z.string(),
  project: z.string(),
  model: z.string(),
  version: z.number().nullable(),
  state: z.enum(versionStates),
  objectKey: z.string(),
  sha256: z.string(),
  inputs: z.array(z.string()),
  lineage: lineageSchema,
  registeredBy: z.string(),
  registeredAt: z.number(),
  aliases: z.array(z.string()),
  metrics: z.record(z.string(), z.number()),
});

/** One person's word on a version. */
export const approvalSchema = z.object({
  identity: z.string(),
  decision: z.enum(["approved", "overridden", "rejected"]),
  comment: z.string(),
  at: z.number(),
});

/** What the gate said, and where its report is. */
export const verdictSchema = z.object({
  evaluation: z.string(),
  passed: z.boolean(),
  message: z.string(),
  at: z.number(),
});

export const modelVersionDetailSchema = modelVersionSchema.extend({
  verdict: verdictSchema.nullable(),
  approvals: z.array(approvalSchema),
  approvalsRequired: z.number(),
});

export const lineageNodeSchema = z.object({
  id: z.string(),
  kind: z.enum(["dataset", "feature-view", "training-set", "run", "version", "deployment"]),
  label: z.string(),
  /** A second line: rows, hashes, dates. */
  detail: z.string(),
});

/** From what a version was made and who uses it, drawn left to right. */
export const lineageGraphSchema = z.object({
  nodes: z.array(lineageNodeSchema),
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
});

/** Registers a file that was uploaded before. */
export const newVersionSchema = z.strictObject({
  model: nameSchema,
  objectKey: z.string().min(1).max(1024).describe("What the upload of the file answered."),
  basedOn: z
    .string()
    .max(200)
    .optional()
    .describe("Id of a version whose inputs, features and training window hold for this file too."),
  inputs: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(1000)
    .optional()
    .describe(
      "Input columns in the model's order, of a model of rows; leave them out for language models and models of tensors.",
    ),
  featureViews: z.array(z.string().max(200)).max(100).optional().describe("Feature views that give inputs."),
  trainingWindow: z
    .strictObject({ from: z.number(), to: z.number() })
    .optional()
    .describe("The window that a model of rows was trained on, milliseconds since 1970; it comes with inputs."),
});

export const approveSchema = z.strictObject({
  comment: z.string().max(2000).default(""),
  override: z
    .boolean()
    .default(false)
    .describe("Lets a version serve that did not pass; needs a reason, and stands in the audit log."),
  reason: z.string().max(2000).optional(),
});

export const rejectSchema = z.strictObject({ reason: z.string().min(1).max(2000) });

export type Approval = z.infer<typeof approvalSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type ModelVersionDetail = z.infer<typeof modelVersionDetailSchema>;
export type LineageGraph = z.infer<typeof lineageGraphSchema>;
export type NewVersion = z.infer<typeof newVersionSchema>;
export type ModelStatus = (typeof modelKind)["initialStatus"];
