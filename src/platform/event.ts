import * as z from "zod";
import type { ResourceRef } from "./resource.ts";

export const eventSubjectSchema = z.object({ kind: z.string(), project: z.string().nullable(), name: z.string() });

/** What a writer tells the log: who did what to which thing, and what changed. */
export const eventEntrySchema = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** An identity's name, or `controller:<name>`. */
  actor: z.string(),
  /** What happened, as one word: created, updated, observed, deleted, approved, placed, promoted ... */
  verb: z.string(),
  subject: eventSubjectSchema,
  /** A sentence for people. */
  message: z.string(),
  /** What changed, or the figures that decided. */
  data: z.record(z.string(), z.unknown()),
});

/** An entry with its place in the log; places start at 1 and have no gaps. */
export const loggedEventSchema = eventEntrySchema.extend({ seq: z.number() });

export type EventEntry = Readonly<z.infer<typeof eventEntrySchema>> & { readonly subject: ResourceRef };
export type LoggedEvent = EventEntry & { readonly seq: number };
