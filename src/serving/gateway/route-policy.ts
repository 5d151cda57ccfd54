import * as z from "zod";
import { policyNames } from "./routing/create-balancer.ts";

/** How a replica is chosen among those that may be asked. */
export const routingPolicySchema = z.strictObject({
  policy: z
    .enum(policyNames)
    .default("auto")
    .describe("How a replica is chosen: by what it holds of the prompt and how busy it is (auto), or by one of them."),
});

/** How requests wait for a place at a deployment. */
export const admissionPolicySchema = z.strictObject({
  maxConcurrent: z
    .int()
    .min(1)
    .max(65_536)
    .nullable()
    .default(null)
    .describe("Requests under way at once; absent: the sum of the replicas' slots, or what the gateway finds out."),
  maxQueued: z.int().min(0).max(65_536).default(512).describe("Requests that may wait; more are refused with 429."),
  queueTimeoutMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(60_000)
    .describe("How long a request may wait for a place, in milliseconds."),
});

/** What a request must keep to count as goodput. */
export const sloSchema = z.strictObject({
  ttftMs: z.number().positive().describe("Milliseconds until the first byte of the answer."),
  tpotMs: z.number().positive().describe("Milliseconds for each token after the first."),
});

/** What tokens, or the rows of a tabular model, cost in millionths of the currency's unit. */
export const priceSchema = z.strictObject({
  inputPerMillion: z
    .int()
    .min(0)
    .default(0)
    .describe("Millionths of the currency's unit for a million tokens of input."),
  outputPerMillion: z
    .int()
    .min(0)
    .default(0)
    .describe("Millionths of the currency's unit for a million tokens of output."),
  rowsPerMillion: z
    .int()
    .min(0)
    .optional()
    .describe("Of a tabular model: millionths of the currency's unit for a million rows."),
});

/** What a version is to a rollout; `baseline`: the champion's version again, on fresh replicas, to compare the candidate with. */
export const arms = ["champion", "candidate", "baseline"] as const;

/** A version that gets a copy of some requests and whose answers nobody sees. */
export const shadowSchema = z.strictObject({
  versionId: z.string(),
  percent: z.number().min(0).max(100),
  /** Copies under way at once in one worker, and those that may wait; more are dropped. */
  maxConcurrent: z.int(),
  maxQueued: z.int(),
});

/** By what callers stay with the version that they first got. */
export const stickySchema = z
  .strictObject({
    by: z
      .enum(["header", "identity"])
      .default("header")
      .describe("Who counts as one caller: a header's value, or a key's owner."),
    header: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, "write a header's name in lower case, such as x-user-id")
      .optional()
      .describe("With by: header, requests with the same value of this header go to the same version."),
  })
  .refine((sticky) => (sticky.by === "header") === (sticky.header !== undefined), {
    message: "by: header wants a header's name, by: identity wants none",
    path: ["header"],
  });

/** How callers stay with one version. */
export type Sticky = Readonly<z.infer<typeof stickySchema>>;

/** Where the key for an upstream is found; the key itself is never kept in a table or written to a log. */
export const credentialSchema = z.discriminatedUnion("kind", [
  /** A file of the project's folder of upstream keys. */
  z.object({ kind: z.literal("file"), name: z.string() }),
  /** A name in the server's environment. */
  z.object({ kind: z.literal("environment"), name: z.string() }),
]);

export type Credential = Readonly<z.infer<typeof credentialSchema>>;
