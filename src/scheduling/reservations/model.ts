import * as z from "zod";
import { parseIsoDate } from "../../base/iso-date.ts";
import { conditionSchema, defineKind, nameSchema } from "../../platform/resource.ts";

/** The most nodes, and queues, that one reservation may name. */
const namesMax = 1000;

const momentSchema = z
  .string()
  .refine((text) => parseIsoDate(text) !== undefined, "write a moment in UTC, such as 2026-02-01T06:30:00Z");

const reservationSpecSchema = z
  .strictObject({
    pool: nameSchema.describe("The pool whose nodes are set aside."),
    nodes: z
      .array(z.string().min(1).max(255))
      .min(1)
      .max(namesMax)
      .optional()
      .describe("Nodes by name; left out: as many as `count` says, chosen by the platform."),
    count: z.int().min(1).max(namesMax).optional().describe("How many nodes; left out with `nodes` given."),
    start: momentSchema.describe("From when on, such as 2026-02-01T06:30:00Z."),
    end: momentSchema.describe("Until when."),
    queues: z
      .array(nameSchema)
      .max(namesMax)
      .default([])
      .describe("Projects, teams or quotas that may run there meanwhile; none: nobody may, as for maintenance."),
    reason: z.string().max(500).default("").describe("What it is for, for people."),
  })
  .refine((spec) => (parseIsoDate(spec.start) ?? 0) < (parseIsoDate(spec.end) ?? 0), {
    message: "end must be after start",
    path: ["end"],
  })
  .refine((spec) => (spec.nodes === undefined) !== (spec.count === undefined), {
    message: "name nodes, or give their count",
    path: ["nodes"],
  });

const reservationStatusSchema = z.object({
  phase: z.enum(["pending", "scheduled", "active", "over", "refused"]),
  message: z.string(),
  /** The nodes that are set aside. */
  nodes: z.array(z.string()),
  conditions: z.array(conditionSchema),
});

/** Nodes that are set aside for somebody at a time. */
export const reservationKind = defineKind({
  kind: "Reservation",
  plural: "reservations",
  aliases: ["reservation"],
  scope: "platform",
  summary: "Nodes of a pool that are set aside for a time: for a course, a large run, or maintenance.",
  spec: reservationSpecSchema,
  status: reservationStatusSchema,
  initialStatus: { phase: "pending", message: "", nodes: [], conditions: [] },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "POOL", path: "spec.pool" },
    { heading: "NODES", path: "status.nodes" },
    { heading: "START", path: "spec.start" },
    { heading: "END", path: "spec.end" },
    { heading: "FOR", path: "spec.queues" },
    { heading: "MESSAGE", path: "status.message" },
  ],
  needsCleanup: false,
});

export type ReservationSpec = z.infer<typeof reservationSpecSchema>;
export type ReservationStatus = z.infer<typeof reservationStatusSchema>;
