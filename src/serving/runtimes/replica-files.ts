import * as z from "zod";
import { ggufSchema } from "../runtime-spec.ts";
import { datatypes } from "../tensor.ts";

/** The file in a replica's task folder that says where it listens; it appears once the replica is ready. */
export const replicaAddressFile = "replica.json";

/** The file in a replica's task folder that says why it refuses to become ready. */
export const replicaProblemFile = "replica-problem.json";

/** The environment name through which a replica learns what to serve. */
export const replicaEnvironmentName = "MILLWRIGHT_REPLICA";

/** The model's file in the task folder of a replica with the ONNX runtime. */
export const replicaModelFile = "model.onnx";

/** The wire form of `TensorSignature`. */
export const signatureSchema = z.object({
  name: z.string(),
  datatype: z.enum(datatypes),
  shape: z.array(z.number()),
});

const namedShape = {
  /** The name under which it answers: the deployment's. */
  model: z.string(),
  /** The version's number as text. */
  version: z.string(),
};

/** How rows of several callers become one run of a model. */
const batchSchema = z.object({
  /** Rows that one run may hold. */
  maxRows: z.int().min(1),
  /** How long the first rows of a run wait for more, in milliseconds; 0: not at all. */
  maxWaitMs: z.number().min(0),
});

/** What a replica with the ONNX runtime is told to serve. */
export const onnxTaskSchema = z.object({
  ...namedShape,
  /** Input columns of the model version, in order; null: it serves the model's own tensors. */
  columns: z.array(z.string()).min(1).nullable(),
  /** Path of the model's file; relative ones begin at the task folder. */
  file: z.string().default(replicaModelFile),
  batch: batchSchema.optional(),
});

/** What a replica with the GGUF runtime is told to serve. */
export const ggufTaskSchema = z.object({
  ...namedShape,
  /** Path of the model's file; relative ones begin at the task folder. */
  file: z.string(),
  settings: ggufSchema,
});

/** How rows reach the model's tensors; the wire form of `InputLayout`. */
export const inputLayoutSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("matrix"), input: signatureSchema, columns: z.array(z.string()) }),
  z.object({ kind: z.literal("tensors"), inputs: z.array(signatureSchema) }),
]);

const tabularAddressSchema = z.object({
  kind: z.literal("tabular"),
  /** Path of a Unix socket. */
  socket: z.string(),
  pid: z.int(),
  layout: inputLayoutSchema,
  /** The output that holds the positive class's probability. */
  output: signatureSchema,
});

/** Where a server listens; `url` ends without a slash and without the protocol's own path. */
export const listenAddressSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("unix"), path: z.string() }),
  z.object({ kind: z.literal("http"), url: z.string() }),
]);

/** Engines whose metrics are known. */
export const engineSchema = z.enum(["vllm", "sglang", "trtllm", "llamacpp", "triton", "onnx"]);

const modelAddressSchema = z.object({
  kind: z.literal("model"),
  pid: z.int(),
  protocol: z.enum(["openai", "v2"]),
  address: listenAddressSchema,
  /** The name that the model has there. */
  model: z.string(),
  engine: engineSchema.nullable(),
  /** Requests that it works on at once; null when it does not say. */
  slots: z.int().nullable(),
  /** Adapters (LoRA) that it can apply. */
  adapters: z.array(z.string()),
});

/**
 * Where a ready replica listens and what it speaks: a tabular model, whose rows the gateway completes, or a model that takes its
 * callers' requests as they are. A replica that was started by an earlier release wrote no kind: it is tabular.
 */
export const replicaAddressSchema = z.preprocess(
  (value) =>
    typeof value === "object" && value !== null && !("kind" in value) ? { ...value, kind: "tabular" } : value,
  z.discriminatedUnion("kind", [tabularAddressSchema, modelAddressSchema]),
);

/** Why a replica refuses to become ready. */
export const replicaProblemSchema = z.object({ code: z.string(), message: z.string() });

export type OnnxTask = Readonly<z.input<typeof onnxTaskSchema>>;
export type GgufTask = Readonly<z.infer<typeof ggufTaskSchema>>;
export type TabularAddress = Readonly<z.infer<typeof tabularAddressSchema>>;
export type ModelAddress = Readonly<z.infer<typeof modelAddressSchema>>;
export type ReplicaAddress = TabularAddress | ModelAddress;
export type ReplicaProblem = Readonly<z.infer<typeof replicaProblemSchema>>;
