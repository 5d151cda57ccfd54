import * as z from "zod";

const text = z.string().min(1).max(200);

/** GPU time that was held on one day (UTC) for one purpose in one project. */
export const ledgerDaySchema = z.strictObject({
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  purpose: text,
  project: text,
  gpuSeconds: z.number().min(0),
});

export type LedgerDay = Readonly<z.infer<typeof ledgerDaySchema>>;

/** What a plan is drawn up from: the ledger by day, who owns each project, and which GPUs there are. */
export const draftQuestionSchema = z.strictObject({
  /** Whole days only, in any order. */
  days: z.array(ledgerDaySchema).max(500_000).readonly(),
  /** The last whole day. */
  until: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Project to team. */
  teams: z.record(z.string(), text).default({}),
  /** The GPU to plan with, as a server's catalog or a driver names it. */
  gpu: text,
});

export type DraftQuestion = Readonly<z.infer<typeof draftQuestionSchema>>;
