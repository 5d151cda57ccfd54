import * as z from "zod";
import { datatypes } from "../tensor.ts";

/** The file in a replica's task folder that says where it listens; it appears once the replica is ready. */
export const replicaAddressFile = "replica.json";

/** The file in a replica's task folder that says why it refuses to become ready. */
export const replicaProblemFile = "replica-problem.json";

/** The environment name through which a replica learns what to serve. */
export const replicaEnvironmentName = "MILLWRIGHT_REPLICA";

/** The model's file in a replica's task folder. */
export const replicaModelFile = "model.onnx";

/** The wire form of `TensorSignature`. */
export const signatureSchema = z.object({
  name: z.string(),
  datatype: z.enum(datatypes),
  shape: z.array(z.number()),
});

/** What a replica is told to serve. */
export const replicaTaskSchema = z.object({
  /** The name under which it answers: the deployment's. */
  model: z.string(),
  /** The version's number as text. */
  version: z.string(),
  /** Input columns of the model version, in order. */
  columns: z.array(z.string()).min(1),
});

/** How rows reach the model's tensors; the wire form of `InputLayout`. */
export const inputLayoutSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("matrix"), input: signatureSchema, columns: z.array(z.string()) }),
  z.object({ kind: z.literal("tensors"), inputs: z.array(signatureSchema) }),
]);

/** Where a ready replica listens and what its model takes. */
export const replicaAddressSchema = z.object({
  /** Path of a Unix socket. */
  socket: z.string(),
  pid: z.int(),
  layout: inputLayoutSchema,
  /** The output that holds the positive class's probability. */
  output: signatureSchema,
});

/** Why a replica refuses to become ready. */
export const replicaProblemSchema = z.object({ code: z.string(), message: z.string() });

export type ReplicaTask = Readonly<z.infer<typeof replicaTaskSchema>>;
export type ReplicaAddress = Readonly<z.infer<typeof replicaAddressSchema>>;
export type ReplicaProblem = Readonly<z.infer<typeof replicaProblemSchema>>;
