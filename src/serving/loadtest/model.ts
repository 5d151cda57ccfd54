import * as z from "zod";

/** How a number of tokens is written: `256`, `64..512`, `normal(256,64)` or `exp(256)`. */
export const tokenSpreadPattern = /^(?:\d+|\d+\.\.\d+|normal\(\d+,\d+\)|exp\(\d+\))$/;

const tokenSpreadSchema = z
  .string()
  .max(64)
  .regex(tokenSpreadPattern, "write a number, 64..512, normal(256,64) or exp(256)");

/** What a request must keep to count as good; what is absent is not asked. Milliseconds. */
export const loadTestSloSchema = z.strictObject({
  /** Until the first token, from the moment the request was due. */
  ttftMs: z.number().positive().optional(),
  /** For each further token. */
  tpotMs: z.number().positive().optional(),
  /** Until the end of the answer, from the moment the request was due. */
  endToEndMs: z.number().positive().optional(),
});

/** What is asked in a load test, and how often. */
export const loadTestShapeSchema = z.strictObject({
  rate: z.number().positive().max(10_000).describe("Requests a second, however slowly they are answered."),
  durationMs: z.int().min(100).max(86_400_000).describe("How long requests are sent, in milliseconds."),
  seed: z.int().min(0).max(4_294_967_295).default(1).describe("Equal seeds give equal arrivals and prompts."),
  inputTokens: tokenSpreadSchema.default("256").describe("Tokens of what is each prompt's own."),
  outputTokens: tokenSpreadSchema.default("128").describe("Tokens of each answer."),
  prefixes: z
    .strictObject({
      count: z.int().min(1).max(100_000),
      tokens: z.int().min(1).max(1_000_000),
      zipf: z.number().min(0).max(10).default(1),
    })
    .nullable()
    .default(null)
    .describe("Beginnings that prompts share: how many, how long, and how uneven (0: all alike)."),
  turns: z.int().min(1).max(64).default(1).describe("Requests of one conversation; each carries all before it."),
  thinkMs: z.number().min(0).max(3_600_000).default(0).describe("Mean pause before the next turn, in milliseconds."),
  slo: loadTestSloSchema.nullable().default(null).describe("What a request must keep to count as goodput."),
  ignoresEnd: z.boolean().default(false).describe("Ask engines that know `ignore_eos` for answers of full length."),
  rows: z.int().min(1).max(65_536).default(1).describe("Rows of each request to a model of tensors."),
  maxInFlight: z.int().min(1).max(65_536).default(4_096).describe("Requests that are out at once; others wait here."),
  drainMs: z.int().min(0).max(3_600_000).default(30_000).describe("How long answers may take after the last arrival."),
});

/** One load test's requests. */
export type LoadTestShape = z.output<typeof loadTestShapeSchema>;

/** Where requests go. */
export const loadTestTargetSchema = z.strictObject({
  /** Without the protocol's own path, such as `http://127.0.0.1:7701`. */
  url: z.url({ protocol: /^https?$/ }),
  protocol: z.enum(["openai", "v2"]),
  model: z.string().min(1).max(256),
  key: z.string().nullable().default(null),
  headers: z.record(z.string(), z.string()).default({}),
  /** For `v2`: the whole body of each request; null: made from the model's metadata. */
  body: z.json().nullable().default(null),
});

export type LoadTestTarget = z.output<typeof loadTestTargetSchema>;

/** What the program `tasks/load-test` reads from standard input, as one JSON document. */
export const loadTestTaskSchema = z.strictObject({ shape: loadTestShapeSchema, target: loadTestTargetSchema });

export type LoadTestTask = z.output<typeof loadTestTaskSchema>;

/** How far a load test is: what the program writes to standard error, one JSON object a line. */
export const loadTestProgressSchema = z.strictObject({
  elapsedMs: z.number(),
  due: z.int(),
  inFlight: z.int(),
  waiting: z.int(),
  done: z.int(),
  failed: z.int(),
  ttftP50Ms: z.number().nullable(),
  outputTokensPerSecond: z.number(),
});

export type LoadTestProgress = z.output<typeof loadTestProgressSchema>;

/** Measured values of one sort, by nearest rank. Milliseconds. */
const spanFiguresSchema = z.strictObject({
  count: z.int(),
  mean: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  max: z.number(),
  /** The value at 0 %, 1 %, …, 100 %. */
  curve: z.array(z.number()),
});

export type SpanFigures = z.output<typeof spanFiguresSchema>;

/** What came of a load test. */
export const loadTestReportSchema = z.strictObject({
  shape: loadTestShapeSchema,
  url: z.string(),
  model: z.string(),
  /** From the first moment until the last answer. */
  elapsedMs: z.number(),
  requests: z.strictObject({
    due: z.int(),
    done: z.int(),
    failed: z.int(),
    /** Neither answered nor refused when the test gave up waiting. */
    unfinished: z.int(),
  }),
  errors: z.array(z.strictObject({ code: z.string(), count: z.int(), message: z.string() })),
  /** Until the first token, from the moment the request was due; null where nothing is streamed. */
  ttftMs: spanFiguresSchema.nullable(),
  tpotMs: spanFiguresSchema.nullable(),
  endToEndMs: spanFiguresSchema.nullable(),
  /** How late requests left here: what the sender itself adds to each of the above. */
  lateMs: spanFiguresSchema.nullable(),
  tokens: z.strictObject({ input: z.number(), output: z.number(), cached: z.number() }),
  throughput: z.strictObject({
    requestsPerSecond: z.number(),
    inputTokensPerSecond: z.number(),
    outputTokensPerSecond: z.number(),
  }),
  /** Null without an SLO. Share of all that were due. */
  goodput: z.strictObject({ good: z.int(), share: z.number(), requestsPerSecond: z.number() }).nullable(),
  /** By the moment at which requests were due; tokens and ends by the moment at which they came. */
  series: z.strictObject({
    bucketMs: z.number(),
    buckets: z.array(
      z.strictObject({
        due: z.int(),
        ended: z.int(),
        failed: z.int(),
        good: z.int(),
        outputTokens: z.number(),
        ttftP50Ms: z.number().nullable(),
        ttftP95Ms: z.number().nullable(),
      }),
    ),
  }),
});

export type LoadTestReport = z.output<typeof loadTestReportSchema>;

/** What the program `tasks/load-test` writes to standard output, as one JSON document. */
export const loadTestAnswerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("report"), report: loadTestReportSchema }),
  /** An expected failure, with a code of the fault table. */
  z.strictObject({ kind: z.literal("fault"), code: z.string(), message: z.string() }),
]);

export type LoadTestAnswer = z.output<typeof loadTestAnswerSchema>;
/** What a load test in the server may ask at most: it is for a look, not for a benchmark. */
export const serverLoadTestLimits = { rate: 200, durationMs: 300_000, requests: 20_000, inFlight: 512 } as const;

/** A load test that the server runs. */
export const serverLoadTestSchema = loadTestShapeSchema
  .extend({
    rate: z.number().positive().max(serverLoadTestLimits.rate),
    durationMs: z.int().min(1_000).max(serverLoadTestLimits.durationMs),
    maxInFlight: z.int().min(1).max(serverLoadTestLimits.inFlight).default(serverLoadTestLimits.inFlight),
  })
  .refine((shape) => (shape.rate * shape.durationMs) / 1000 <= serverLoadTestLimits.requests, {
    message: `the server sends ${serverLoadTestLimits.requests} requests at most; use millwright loadtest for more`,
    path: ["rate"],
  });

/** The state of a deployment's load test in the server. */
export type LoadTestState =
  | { readonly kind: "none" }
  | {
      readonly kind: "running";
      readonly startedAt: number;
      readonly by: string;
      readonly shape: LoadTestShape;
      readonly progress: LoadTestProgress | null;
    }
  | {
      readonly kind: "ended";
      readonly startedAt: number;
      readonly endedAt: number;
      readonly by: string;
      readonly shape: LoadTestShape;
      readonly report: LoadTestReport | null;
      /** Why there is no report. */
      readonly failure: string | null;
    };
