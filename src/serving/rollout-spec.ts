import * as z from "zod";
import { durationPattern } from "../base/units.ts";

const durationMessage = "write a duration, such as 1h";

const fastAbortErrors = z
  .int()
  .min(1)
  .default(10)
  .describe("Errors in a row after which a candidate is stopped at once.");

/** What every strategy that compares both versions has: how much harm passes, and how surely it is to be known. */
const guards = {
  minOutcomesPerStep: z
    .int()
    .min(0)
    .default(0)
    .describe("Predictions of the candidate in each step whose outcome must have arrived."),
  alpha: z
    .number()
    .min(0.0001)
    .max(0.5)
    .default(0.05)
    .describe("The chance of rolling back a candidate that is no worse than the champion, over the whole rollout."),
  maxErrorRateIncrease: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe("Error rate that the candidate may have above the champion's."),
  maxLatencyIncrease: z
    .number()
    .min(1)
    .max(100)
    .default(2)
    .describe("The candidate's typical latencies may be this many times the champion's."),
  maxSloMissIncrease: z
    .number()
    .min(0)
    .max(1)
    .default(0.05)
    .describe("Share of requests that miss the slo, which the candidate may have above the champion's."),
  maxBrierIncrease: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe("Brier score that the candidate may have above the champion's."),
  fastAbortErrors,
  stepTimeout: z
    .string()
    .regex(durationPattern, durationMessage)
    .default("1h")
    .describe("A step that decides nothing in this time pauses for a person."),
};

const steps = z
  .array(z.number().min(0.01).max(100))
  .min(1)
  .max(20)
  .refine((all) => all.every((step, index) => index === 0 || step > (all[index - 1] ?? 0)), "steps must rise")
  .default([5, 25, 50, 100])
  .describe("Shares of traffic for the candidate in percent, rising; 100 is the promotion.");

const minRequestsPerStep = z
  .int()
  .min(1)
  .default(500)
  .describe("Requests that the candidate must have served in each step.");

const shapes = {
  canary: {
    strategy: z.literal("canary").default("canary").describe("A growing share of requests goes to the candidate."),
    ...guards,
    steps,
    minRequestsPerStep,
    baseline: z
      .boolean()
      .default(false)
      .describe(
        "Compare the candidate with fresh replicas of the champion's version that get the same share, so that warm caches are no difference.",
      ),
  },
  rolling: {
    strategy: z
      .literal("rolling")
      .describe("One replica after the other is replaced, and its part of the traffic moves."),
    ...guards,
    minRequestsPerStep: z
      .int()
      .min(0)
      .default(0)
      .describe("Requests that the candidate must have served before the next replica is replaced."),
  },
  "blue-green": {
    strategy: z.literal("blue-green").describe("The candidate is brought up whole and takes all requests at once."),
    fastAbortErrors,
    keepOld: z
      .string()
      .regex(durationPattern, durationMessage)
      .default("15m")
      .describe("How long the old version stays ready, for an instant way back."),
    confirm: z.boolean().default(false).describe("Whether a person lets the switch happen."),
  },
  ab: {
    strategy: z.literal("ab").describe("A fixed share of callers gets the candidate until the comparison is decided."),
    ...guards,
    percent: z.number().min(0.01).max(99.99).default(50).describe("The candidate's share of requests in percent."),
    minRequests: z.int().min(50).default(500).describe("Requests of each version before anything is decided."),
    maxDuration: z
      .string()
      .regex(durationPattern, durationMessage)
      .default("7d")
      .describe("The comparison ends undecided after this time."),
    promote: z
      .enum(["never", "better"])
      .default("never")
      .describe("Whether a candidate that was shown to be better becomes the champion by itself."),
  },
  shadow: {
    strategy: z
      .literal("shadow")
      .describe("The candidate gets copies of requests; its answers are compared and thrown away."),
    ...guards,
    percent: z.number().min(0.01).max(100).default(10).describe("Share of requests that are copied, in percent."),
    minComparisons: z.int().min(20).default(200).describe("Pairs of answers that must have been compared."),
    minAgreement: z
      .number()
      .min(0)
      .max(1)
      .default(0.95)
      .describe("Share of pairs whose answers must agree before the candidate goes on."),
    maxConcurrent: z
      .int()
      .min(1)
      .max(1_024)
      .default(8)
      .describe("Copies under way at once in one worker of the gateway."),
    maxQueued: z.int().min(0).max(4_096).default(64).describe("Copies that may wait; more are dropped and counted."),
    next: z
      .enum(["canary", "pause"])
      .default("pause")
      .describe("What follows a shadow that agreed: the steps of a canary, or a person's decision."),
    steps,
    minRequestsPerStep,
  },
} as const;

type Strategy = keyof typeof shapes;

/** Says which strategies have the fields that this one has not. */
function strategyProblem(
  strategy: Strategy,
): (issue: { readonly code?: string; readonly keys?: readonly string[] }) => string | undefined {
  return ({ code, keys = [] }) => {
    if (code !== "unrecognized_keys") return undefined;
    const told = keys.map((key) => {
      const owners = Object.entries(shapes).flatMap(([name, shape]) => (key in shape ? [name] : []));
      return owners.length === 0
        ? `${key} is no field of any strategy`
        : `${key} belongs to strategy ${owners.join(", ")}`;
    });
    return `strategy ${strategy} has no ${keys.join(", ")}: ${told.join("; ")}`;
  };
}

/** How a candidate becomes the champion: one of five strategies, each with its own fields. */
export const rolloutSpecSchema = z.discriminatedUnion(
  "strategy",
  [
    z.strictObject(shapes.canary, { error: strategyProblem("canary") }),
    z.strictObject(shapes.rolling, { error: strategyProblem("rolling") }),
    z.strictObject(shapes["blue-green"], { error: strategyProblem("blue-green") }),
    z.strictObject(shapes.ab, { error: strategyProblem("ab") }),
    z.strictObject(shapes.shadow, { error: strategyProblem("shadow") }),
  ],
  {
    error: (issue) =>
      issue.code === "invalid_union"
        ? `rollout.strategy wants one of ${Object.keys(shapes).join(", ")}, found ${JSON.stringify((issue.input as { strategy?: unknown }).strategy)}`
        : undefined,
  },
);

/** The names of the strategies. */
export const rolloutStrategies = Object.keys(shapes) as readonly Strategy[];
