import * as z from "zod";
import { calendarParts } from "../calendar-part.ts";
import { inputLayoutSchema, signatureSchema } from "../runtimes/replica-files.ts";
import { datatypes } from "../tensor.ts";
import {
  admissionPolicySchema,
  arms,
  credentialSchema,
  priceSchema,
  routingPolicySchema,
  shadowSchema,
  sloSchema,
  stickySchema,
} from "./route-policy.ts";

/** One replica of a tabular model that may be asked. */
const tabularReplicaSchema = z.object({
  /** The workload's id. */
  id: z.string(),
  /** Path of the Unix socket on which it listens. */
  socket: z.string(),
});

/** One version of a tabular model that takes a share of a deployment's traffic. */
const tabularVersionSchema = z.object({
  versionId: z.string(),
  /** The version's number as text: `model_version` on the wire. */
  version: z.string(),
  percent: z.number().min(0).max(100),
  arm: z.enum(arms).optional(),
  /** Input columns of the model, in order. */
  columns: z.array(z.string()),
  layout: inputLayoutSchema,
  /** The output that holds the probability. */
  output: signatureSchema,
  replicas: z.array(tabularReplicaSchema),
});

/** All that the gateway knows of a deployment whose rows it completes with features. */
const tabularRouteSchema = z.object({
  kind: z.literal("tabular"),
  project: z.string(),
  deployment: z.string(),
  /** Grows with every change of traffic; statistics are kept for each revision. */
  revision: z.int(),
  /** What the caller sends. */
  inputs: z.array(z.object({ name: z.string(), datatype: z.enum(datatypes) })),
  /** The input that holds the moment in milliseconds since 1970; null takes the moment of arrival. */
  timestamp: z.string().nullable(),
  /** Columns that are parts of the row's moment. */
  calendar: z.record(z.string(), z.enum(calendarParts)),
  /** Feature views to join, with the inputs that name their entity. */
  views: z.array(z.object({ name: z.string(), entity: z.array(z.string()) })),
  /** The candidate, if any, comes first: its share begins at bucket 0, so callers stay with it as it grows. */
  versions: z.array(tabularVersionSchema),
  /** Mixed into the hash of request ids, so that each rollout draws other requests. */
  salt: z.string(),
  /** The version that takes over when another cannot be reached. */
  champion: z.string(),
  /** Consecutive errors after which the gateway itself stops sending to a version that is not the champion. */
  fastAbortErrors: z.int(),
  /** It has no replica since somebody unloaded it. */
  isUnloaded: z.literal(true).optional(),
  /** How callers stay with one version; null: each request is drawn by its own id. */
  sticky: stickySchema.nullable().default(null),
  shadow: shadowSchema.nullable().default(null),
  /** What a request must keep to count as goodput; its answer comes whole. */
  slo: sloSchema.nullable().default(null),
  /** What its rows cost. */
  price: priceSchema.nullable().default(null),
  /** How long requests may wait for a replica while there is none, and how many may; absent: they are refused. */
  hold: z.object({ maxMs: z.int(), heldMax: z.int() }).optional(),
});

/** Where a replica listens. */
const replicaAddressSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("unix"), path: z.string() }),
  /** `url` ends without a slash and without the protocol's own path, such as `http://10.0.0.5:8000`. */
  z.object({
    kind: z.literal("http"),
    url: z.string(),
    /** A user named it, so that it is held against what the server lets deployments reach. */
    isExternal: z.literal(true).optional(),
  }),
]);

/** One replica of a model that speaks its protocol itself. */
const modelReplicaSchema = z.object({
  id: z.string(),
  address: replicaAddressSchema,
  /** The name that the model has there. */
  model: z.string(),
  /** Adapters (LoRA) that it can apply, by the names that they have there. */
  adapters: z.array(z.string()),
  /** Requests that it works on at once; null when it does not say. */
  slots: z.int().nullable(),
  engine: z.enum(["vllm", "sglang", "trtllm", "llamacpp", "triton", "onnx"]).nullable(),
  /** Headers that it wants with each request; no secrets. */
  headers: z.record(z.string(), z.string()).optional(),
  /** Where its key is found; absent: it wants none. */
  credential: credentialSchema.optional(),
});

/** One version of such a model. The candidate, if any, comes first, as above. */
const modelVersionSchema = z.object({
  versionId: z.string(),
  version: z.string(),
  percent: z.number().min(0).max(100),
  /** What it is to a rollout; the baseline has the champion's `versionId`. */
  arm: z.enum(arms).optional(),
  replicas: z.array(modelReplicaSchema),
});

/** All that the gateway knows of a deployment whose requests it passes on. */
const modelRouteSchema = z.object({
  kind: z.literal("model"),
  project: z.string(),
  deployment: z.string(),
  /** As of a tabular route. */
  revision: z.int(),
  protocol: z.enum(["openai", "v2"]),
  versions: z.array(modelVersionSchema),
  salt: z.string(),
  champion: z.string(),
  fastAbortErrors: z.int(),
  /** It has no replica since somebody unloaded it. */
  isUnloaded: z.literal(true).optional(),
  /** When the deployment was made, in milliseconds since 1970; absent where nobody told it. */
  createdAt: z.int().optional(),
  routing: routingPolicySchema,
  admission: admissionPolicySchema,
  slo: sloSchema.nullable(),
  price: priceSchema.nullable(),
  /** Deployments of the project that are asked in turn when this one cannot answer. */
  fallbacks: z.array(z.string()),
  shadow: shadowSchema.nullable(),
  sticky: stickySchema.nullable(),
  /** How long requests may wait for a replica while there is none; absent: they are refused. */
  hold: z.object({ maxMs: z.int() }).optional(),
});

/** All that the gateway knows of one deployment. */
const routeSchema = z.discriminatedUnion("kind", [tabularRouteSchema, modelRouteSchema]);

/** Everything the gateway routes by; kept as a file, so that it serves on without the control plane. */
export const routingTableSchema = z.object({
  /** Grows with every change of the table. */
  revision: z.int(),
  routes: z.array(routeSchema),
});

export type TabularReplica = Readonly<z.infer<typeof tabularReplicaSchema>>;
export type TabularVersion = Readonly<z.infer<typeof tabularVersionSchema>>;
export type TabularRoute = Readonly<z.infer<typeof tabularRouteSchema>>;
export type ModelReplica = Readonly<z.infer<typeof modelReplicaSchema>>;
export type ModelRoute = Readonly<z.infer<typeof modelRouteSchema>>;
export type Route = TabularRoute | ModelRoute;
export type RoutingTable = Readonly<z.infer<typeof routingTableSchema>>;

/** A table that routes nothing. */
export const emptyRoutingTable: RoutingTable = { revision: 0, routes: [] };

/** The table with this deployment's route put in its place. */
export function withRoute(table: RoutingTable, route: Route): RoutingTable {
  return {
    revision: table.revision + 1,
    routes: [...table.routes.filter((each) => !isRouteOf(each, route.project, route.deployment)), route],
  };
}

/** The table without this deployment. */
export function withoutRoute(table: RoutingTable, project: string, deployment: string): RoutingTable {
  return {
    revision: table.revision + 1,
    routes: table.routes.filter((each) => !isRouteOf(each, project, deployment)),
  };
}

/** Whether the route is this deployment's. */
export function isRouteOf(route: Route, project: string, deployment: string): boolean {
  return route.project === project && route.deployment === deployment;
}
