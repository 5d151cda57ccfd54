import * as z from "zod";
import { conditionSchema, defineKind, nameSchema } from "../../platform/resource.ts";
import { identityNameSchema } from "../../tenancy/model.ts";

/** The most of each that one limit may speak of. */
const requestsMax = 10_000_000;
const tokensMax = 1_000_000_000;
const concurrentMax = 1_000_000;
const moneyMax = 1_000_000_000;

/** Budgets count in millionths of the currency's unit. */
export const microsPerUnit = 1_000_000;

const toLetNobody = "to let nobody through, take the role or the key away";

const amountSchema = (what: string, max: number) =>
  z
    .int(`write a whole number of ${what}`)
    .min(1, `write at least 1; ${toLetNobody}`)
    .max(max, `write at most ${max.toLocaleString("en-US")}; without a limit, leave it out`)
    .optional();

const subjectSchema = z
  .strictObject({
    identity: identityNameSchema.optional().describe("Requests of this person or service."),
    key: z.string().min(1).max(100).optional().describe("Requests with this API key, by its id."),
    project: nameSchema.optional().describe("Requests to this project."),
    team: nameSchema.optional().describe("Requests to the projects of this team."),
    deployment: nameSchema.optional().describe("Requests to this deployment of the project."),
  })
  .refine((subject) => Object.values(subject).some((each) => each !== undefined), {
    message: "say whom the limit is for: an identity, a key, a project, a team or a deployment",
  })
  .refine((subject) => subject.deployment === undefined || subject.project !== undefined, {
    message: "name the deployment's project too, since other projects may have one of the same name",
    path: ["project"],
  });

const budgetSchema = z.strictObject({
  amount: z
    .number()
    .min(1 / microsPerUnit, `write more than 0; ${toLetNobody}`)
    .max(moneyMax, `write at most ${moneyMax.toLocaleString("en-US")}; without a limit, leave it out`)
    .describe("Money in the currency's unit, such as 250 or 0.5; counted in millionths."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "write a currency's code, such as EUR")
    .default("USD")
    .describe("The currency of the deployments' prices; a label, nothing is converted."),
  per: z
    .enum(["day", "month", "total"])
    .default("month")
    .describe("Over which span it is counted: days and months of UTC, or for ever."),
});

const trafficLimitSpecSchema = z
  .strictObject({
    subject: subjectSchema.describe("Which requests count: those that everything given here holds for, all together."),
    requestsPerMinute: amountSchema("requests", requestsMax).describe(
      "A minute's worth may come at once; then as many as this rate allows.",
    ),
    tokensPerMinute: amountSchema("tokens", tokensMax).describe("Tokens of prompts and answers, counted likewise."),
    concurrentRequests: amountSchema("requests", concurrentMax).describe("Requests under way at once."),
    budget: budgetSchema.optional().describe("What the requests may cost, by the prices of the deployments."),
  })
  .refine(
    (spec) =>
      [spec.requestsPerMinute, spec.tokensPerMinute, spec.concurrentRequests, spec.budget].some(
        (each) => each !== undefined,
      ),
    { message: "limit something: requestsPerMinute, tokensPerMinute, concurrentRequests or budget" },
  );

/** What a traffic limit declares. */
export type TrafficLimitSpec = Readonly<z.output<typeof trafficLimitSpecSchema>>;

const trafficLimitStatusSchema = z.object({
  /** `exhausted`: nothing of the budget is left in its window. */
  phase: z.enum(["pending", "active", "exhausted"]),
  /** Whom it is for, in words. */
  subject: z.string(),
  /** Of the budget's present window; null without a budget. Money in the currency's unit, and exactly in millionths of it. */
  budget: z
    .object({
      spent: z.number(),
      /** Lent to gateways and not reported as spent yet; part of it may come back. */
      lent: z.number(),
      left: z.number(),
      spentMicros: z.int().default(0),
      lentMicros: z.int().default(0),
      leftMicros: z.int().default(0),
      /** When that was counted: small sums show within a minute. */
      countedAt: z.number().default(0),
      windowStartsAt: z.number(),
      /** Null for a budget without a window. */
      resetsAt: z.number().nullable(),
      /** The same as a date, for people. */
      resets: z.string(),
    })
    .nullable(),
  conditions: z.array(conditionSchema),
});

/** What the platform observed of a traffic limit. */
export type TrafficLimitStatus = Readonly<z.infer<typeof trafficLimitStatusSchema>>;

/** How much may be asked of deployments, by whom. */
export const trafficLimitKind = defineKind({
  kind: "TrafficLimit",
  plural: "traffic-limits",
  aliases: ["traffic-limit", "limits", "limit"],
  scope: "platform",
  summary: "How much an identity, a key, a project, a team or a deployment may ask: requests, tokens, at once, money.",
  spec: trafficLimitSpecSchema as z.ZodType<TrafficLimitSpec>,
  status: trafficLimitStatusSchema as z.ZodType<TrafficLimitStatus>,
  initialStatus: { phase: "pending", subject: "", budget: null, conditions: [] },
  columns: [
    { heading: "PHASE", path: "status.phase" },
    { heading: "FOR", path: "status.subject" },
    { heading: "REQUESTS/MIN", path: "spec.requestsPerMinute", format: "count" },
    { heading: "TOKENS/MIN", path: "spec.tokensPerMinute", format: "count" },
    { heading: "AT ONCE", path: "spec.concurrentRequests", format: "count" },
    { heading: "BUDGET", path: "spec.budget.amount", format: "money" },
    { heading: "PER", path: "spec.budget.per" },
    { heading: "SPENT", path: "status.budget.spent", format: "money" },
    { heading: "RESETS", path: "status.budget.resets", isWide: true },
  ],
  needsCleanup: false,
});
