import * as z from "zod";
import { durationPattern } from "../../base/units.ts";

/** Replicas that one version of a deployment may have. */
export const maxReplicas = 64;

const duration = (text: string) => z.string().regex(durationPattern, `write a duration, such as ${text}`);

/** How the number of replicas follows the load. */
export const autoscaleSchema = z
  .strictObject({
    min: z
      .int()
      .min(0)
      .max(maxReplicas)
      .default(1)
      .describe("Replicas at least; 0 lets the deployment go to none when nobody asks."),
    max: z.int().min(1).max(maxReplicas).describe("Replicas at most; the quota and the queue may grant fewer."),
    target: z
      .strictObject({
        concurrency: z
          .number()
          .positive()
          .max(65_536)
          .optional()
          .describe("Requests under way or waiting for each replica, such as 8."),
        tokens: z
          .number()
          .positive()
          .optional()
          .describe("Tokens in flight (prompts not yet read, answers not yet written) for each replica."),
        goodput: z
          .number()
          .gt(0)
          .lt(1)
          .optional()
          .describe("Share of requests that must keep the deployment's `slo`, such as 0.99."),
      })
      .prefault({})
      .describe("What each replica is to carry; of several, the one that asks for most replicas decides."),
    stableWindow: duration("60s").default("60s").describe("The load is averaged over this to decide in calm times."),
    panicWindow: duration("6s").default("6s").describe("And over this to see a burst."),
    panicThreshold: z
      .number()
      .gt(1)
      .max(100)
      .default(2)
      .describe("A burst that wants this many times the ready replicas stops all scaling down for a stable window."),
    scaleDownDelay: duration("5m").default("5m").describe("The most that was wanted in this time is kept."),
    idleBeforeZero: duration("5m")
      .default("5m")
      .describe("With min 0: how long nobody must have asked before the last replica goes."),
    holdTimeout: duration("10m")
      .default("10m")
      .describe("With min 0: how long a request may wait for the first replica."),
  })
  .refine((spec) => spec.min <= spec.max, { message: "min must not be above max", path: ["min"] });

export type AutoscaleSpec = Readonly<z.output<typeof autoscaleSchema>>;
