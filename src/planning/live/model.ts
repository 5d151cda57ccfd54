import * as z from "zod";

const text = z.string().min(1).max(200);

/** GPU time that was held in one hour (UTC) for one purpose in one project. */
export const ledgerHourSchema = z.strictObject({
  /** Such as `2026-11-25T13`. */
  hour: z.string().regex(/^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3])$/),
  purpose: text,
  project: text,
  gpuSeconds: z.number().min(0),
});

export type LedgerHour = Readonly<z.infer<typeof ledgerHourSchema>>;

/** Lines of the ledger that a plan is drawn up from at most. */
export const ledgerHoursMax = 500_000;

/** A workload of the recorded queue, as the server tells it. */
export const recordedWorkloadSchema = z.object({
  id: z.string(),
  queue: z.string(),
  purpose: z.string(),
  members: z.int().min(1),
  resources: z.object({ gpus: z.number(), migProfile: z.string().optional() }),
  priority: z.number(),
  isPreemptible: z.boolean(),
  limitMs: z.number().nullable(),
  queuedAt: z.number(),
  ranMs: z.number(),
});

export type RecordedWorkload = Readonly<z.infer<typeof recordedWorkloadSchema>>;

/** Workloads of a recorded queue that a plan takes at most. */
const recordedMax = 20_000;

/** What a plan is drawn up from: the ledger by hour, who owns each project, and which GPUs there are. */
export const draftQuestionSchema = z.strictObject({
  /** Hours of whole days only, in any order. */
  hours: z.array(ledgerHourSchema).max(ledgerHoursMax).readonly(),
  /** The queue of the same time or the end of it, to be packed; empty: none. */
  queue: z.array(recordedWorkloadSchema).max(recordedMax).readonly().default([]),
  /** The last whole day. */
  until: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Project to team. */
  teams: z.record(z.string(), text).default({}),
  /** The GPU to plan with, as a server's catalog or a driver names it. */
  gpu: text,
  /** Whether the stages of demand are given besides: the ledger may be empty then. */
  hasStages: z.boolean().default(false),
});

export type DraftQuestion = Readonly<z.input<typeof draftQuestionSchema>>;
