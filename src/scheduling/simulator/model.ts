import * as z from "zod";
import { clusterViolations } from "./cluster/cluster-violations.ts";
import { clusterShapeSchema } from "./cluster/model.ts";
import { simulationReportSchema } from "./report/model.ts";

/** A cluster as a person writes it for the simulator: pools of nodes, and who may use how much of them. */
export const clusterFileSchema = clusterShapeSchema.superRefine((file, context) => {
  for (const { path, message } of clusterViolations(file)) {
    context.addIssue({ code: "custom", path: [...path], message });
  }
});

/** Formats of traces that the simulator reads. */
export const traceFormats = ["own", "philly", "openb"] as const;

export type TraceFormat = (typeof traceFormats)[number];

/** Policies that a simulation may follow; `policies.ts` says what each one does. */
export const policyNames = ["millwright", "steady", "fair", "fifo", "easy", "conservative", "priority"] as const;

export type PolicyName = (typeof policyNames)[number];

/** What the program `tasks/simulate` reads from standard input, as one JSON document. */
export const simulationTaskSchema = z.strictObject({
  cluster: clusterFileSchema,
  /** Path of the trace. */
  trace: z.string().min(1),
  format: z.enum(traceFormats),
  policy: z.enum(policyNames),
  /** The simulation ends this long after the start of the trace, in milliseconds; null: when all has ended. */
  untilMs: z.number().positive().nullable(),
  /** Path of the folder for the report and its plots; null: none are written. */
  out: z.string().min(1).nullable(),
});

/** One simulation as the program is asked for it. */
export type SimulationTask = z.output<typeof simulationTaskSchema>;

const tableSchema = z.strictObject({ heading: z.array(z.string()), rows: z.array(z.array(z.string())) });

/** What the program `tasks/simulate` writes to standard output, as one JSON document. */
export const simulationAnswerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("report"),
    report: simulationReportSchema,
    /** For people: the figures that sum it up, then those of the queues and of the sizes. */
    tables: z.array(tableSchema),
    /** Paths of the files that were written. */
    files: z.array(z.string()),
  }),
  /** An expected failure, with a code of the fault table. */
  z.strictObject({ kind: z.literal("fault"), code: z.string(), message: z.string() }),
]);

/** What came of a simulation. */
export type SimulationAnswer = z.output<typeof simulationAnswerSchema>;
