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

/** What a plan is drawn up from: the ledger by hour, who owns each project, and which GPUs there are. */
export const draftQuestionSchema = z.strictObject({
  /** Hours of whole days only, in any order. */
  hours: z.array(ledgerHourSchema).max(ledgerHoursMax).readonly(),
  /** The last whole day. */
  until: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Project to team. */
  teams: z.record(z.string(), text).default({}),
  /** The GPU to plan with, as a server's catalog or a driver names it. */
  gpu: text,
});

export type DraftQuestion = Readonly<z.infer<typeof draftQuestionSchema>>;
