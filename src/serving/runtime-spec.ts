import * as z from "zod";
import { durationPattern } from "../base/units.ts";
import { presetSchema } from "./presets/preset-spec.ts";

/** What can run a model. */
export const runtimes = ["onnx", "gguf", "process", "external"] as const;

/** Longest prompt and answer together that a replica may be asked to hold, in tokens. */
const maxContextTokens = 1_048_576;

const engineSchema = z
  .enum(["vllm", "sglang", "trtllm", "llamacpp", "triton", "onnx"])
  .describe("The engine, where it is known: its metrics are then read.");

const protocolSchema = z
  .enum(["openai", "v2"])
  .default("openai")
  .describe("What it speaks: the OpenAI API, or the Open Inference Protocol v2.");

const slotsSchema = z.int().min(1).max(65_536).describe("Requests that one replica works on at once.");

const adaptersSchema = z
  .array(z.string().min(1).max(128))
  .max(256)
  .default([])
  .describe("Adapters (LoRA) that it can apply; callers name one as DEPLOYMENT:ADAPTER or by its own name.");

const fileSchema = z
  .string()
  .startsWith("/", "write an absolute path")
  .max(4_096)
  .optional()
  .describe("Path of the file on the machines of the pool; absent: the registered model's file.");

/** `runtime: onnx`: which file, and how rows of several callers are joined. */
export const onnxSchema = z.strictObject({
  file: fileSchema,
  maxBatchRows: z.int().min(1).max(65_536).default(1_024).describe("Rows that one run of the model may hold."),
  maxBatchWaitMs: z
    .number()
    .min(0)
    .max(1_000)
    .default(0)
    .describe("How long the first rows of a run wait for others, in milliseconds; runs grow with the load without it."),
});

/** `runtime: external`: something that runs elsewhere and is reached by its address. */
export const externalSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .refine((url) => !/[?#@]/.test(url), "write an address without a query, a fragment or a user")
      .describe("Its address, such as http://10.0.0.5:8000; a /v1 at the end is left off."),
    model: z.string().min(1).max(256).describe("The model's name there."),
    protocol: protocolSchema,
    engine: engineSchema.optional(),
    adapters: adaptersSchema,
    slots: slotsSchema.optional(),
    headers: z
      .record(z.string().regex(/^[a-z0-9-]{1,64}$/), z.string().max(1_024))
      .default({})
      .describe("Headers that it wants with each request, by names in lower case; no secrets."),
    apiKeyFile: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "write the name of a file, without a folder")
      .optional()
      .describe("File with the key it wants, in the folder serving/upstream-keys/PROJECT of the data directory."),
    apiKeyEnvironment: z
      .string()
      .regex(/^[A-Z0-9]+(_[A-Z0-9]+)*$/, "write capitals, digits and single underscores")
      .optional()
      .describe("Instead of a file: NAME, read from MILLWRIGHT_UPSTREAM_PROJECT__NAME of the server's environment."),
    probe: z
      .enum(["models", "health", "none"])
      .default("models")
      .describe(
        "What tells that it is ready: GET /v1/models (of protocol v2: GET /v2/health/ready), GET /health, or nothing at all.",
      ),
  })
  .refine((block) => block.apiKeyFile === undefined || block.apiKeyEnvironment === undefined, {
    message: "name a file or an environment name for the key, not both",
    path: ["apiKeyFile"],
  });

/** `runtime: process`: a program that listens on a port, such as an engine or a server of one's own. */
export const processSchema = z
  .strictObject({
    command: z
      .array(z.string().max(4_096))
      .min(1)
      .max(256)
      .optional()
      .describe(
        "Program and arguments. Filled in: {host}, {port} (also {port2}, {port3}), {model} (its name), {model_path} (the registered model's file), {gpus}, {cpus}, {nodes}, {rank}, {master}, {master_port}.",
      ),
    preset: presetSchema.optional().describe("Instead of a command: an engine, from which the command is made."),
    protocol: protocolSchema,
    model: z.string().min(1).max(256).optional().describe("The model's name there; absent: the deployment's."),
    engine: engineSchema.optional(),
    adapters: adaptersSchema,
    slots: slotsSchema.optional(),
    environment: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(4_096))
      .default({})
      .describe("Names that the program finds in its environment, filled in like the command; no secrets."),
    requirements: z
      .array(z.string().min(1).max(500))
      .max(200)
      .optional()
      .describe("Python packages that it needs, as in requirements.txt; they are installed before it starts."),
    port: z.int().min(1).max(65_535).optional().describe("The port it listens on; absent: a free one, as {port}."),
    nodes: z
      .int()
      .min(1)
      .max(64)
      .default(1)
      .describe("Machines of one replica, which start together or not at all; requests go to the first."),
    readiness: z
      .strictObject({
        path: z
          .string()
          .startsWith("/")
          .max(256)
          .optional()
          .describe("Path that answers 200 once it is ready; absent: /health, or /v2/health/ready."),
        timeout: z
          .string()
          .regex(durationPattern, "write a duration, such as 10m")
          .default("10m")
          .describe("How long it may take to become ready."),
      })
      .prefault({}),
    grace: z
      .string()
      .regex(durationPattern, "write a duration, such as 1m")
      .default("1m")
      .describe("How long answers under way may take once it is told to stop."),
    warmUp: z
      .array(z.strictObject({ path: z.string().startsWith("/").max(256), body: z.json() }))
      .max(16)
      .default([])
      .describe("Requests that each replica must answer before it takes those of callers."),
  })
  .refine((block) => (block.command === undefined) !== (block.preset === undefined), {
    message: "name a command or a preset, one of the two",
    path: ["command"],
  });

/** `runtime: gguf`: a language model in a GGUF file, run by the platform itself. */
export const ggufSchema = z.strictObject({
  file: fileSchema,
  contextTokens: z
    .int()
    .min(16)
    .max(maxContextTokens)
    .default(4_096)
    .describe("Tokens of prompt and answer together that one request may use."),
  slots: slotsSchema.default(4),
  queue: z
    .int()
    .min(0)
    .max(65_536)
    .default(64)
    .describe("Requests that may wait for a slot of a replica; more are refused with 429."),
  embeddings: z
    .boolean()
    .default(false)
    .describe("Whether it answers requests for embeddings too, which takes memory for a second context."),
});
