import * as z from "zod";
import type { Instant } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { FeatureRow } from "../../features/ports.ts";
import type { Outcome } from "../gateway/messages.ts";

/** Entries that one request may bring. */
export const maxEntries = 10_000;

const outcomesSchema = z
  .array(
    z.strictObject({
      requestId: z.string().min(1).max(220),
      outcome: z.union([z.literal(0), z.literal(1)]),
      at: z.number().optional(),
    }),
  )
  .max(maxEntries);

const featureRowsSchema = z
  .array(
    z.strictObject({
      id: z.string().min(1).max(200),
      knownAt: z.number(),
      entity: z.array(z.string().max(200)).min(1).max(16),
      values: z.array(z.number().nullable()).max(256),
    }),
  )
  .max(maxEntries);

/** Reads outcomes: an array, or `{"outcomes": [...]}`. `at` defaults to now. @throws {Fault} `serving.request-invalid`. */
export function parseOutcomes(body: Uint8Array, now: Instant): readonly Outcome[] {
  return parseList(outcomesSchema, body, "outcomes").map((each) => ({ ...each, at: each.at ?? now }));
}

/** Reads rows of a feature view: an array, or `{"rows": [...]}`. @throws {Fault} `serving.request-invalid`. */
export function parseFeatureRows(body: Uint8Array): readonly FeatureRow[] {
  return parseList(featureRowsSchema, body, "rows");
}

function parseList<Entry>(schema: z.ZodType<Entry[]>, body: Uint8Array, member: string): readonly Entry[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new Fault("serving.request-invalid", `the body wants a JSON array of ${member}: ${String(cause)}`, { cause });
  }
  const list =
    typeof value === "object" && value !== null && member in value ? (value as Record<string, unknown>)[member] : value;
  const parsed = schema.safeParse(list);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Fault(
    "serving.request-invalid",
    `the body wants a JSON array of ${member}; at ${issue?.path.join(".") ?? "its top"}: ${issue?.message ?? "something else"}`,
  );
}
