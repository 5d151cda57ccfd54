import * as z from "zod";
import { columnTypeSchema, violationSchema } from "./model.ts";

const stampSchema = z.object({ path: z.string(), bytes: z.number(), modifiedAt: z.number() });

/** What the program writes: what it made, or the fault that stopped it. */
export const stepReportSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("written"),
    source: stampSchema,
    contentHash: z.string(),
    checkHash: z.string(),
    columns: z.array(columnTypeSchema).readonly(),
    rows: z.number(),
    violations: z.array(violationSchema).readonly(),
    /** From the start of the program on. */
    seconds: z.number(),
  }),
  z.object({
    kind: z.literal("failed"),
    /** The fault's. */
    code: z.string(),
    /** Names the place in the SQL where there is one. */
    message: z.string(),
  }),
]);

export type StepReport = Readonly<z.infer<typeof stepReportSchema>>;
