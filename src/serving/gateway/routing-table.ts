import * as z from "zod";
import { calendarParts } from "../calendar-part.ts";
import { inputLayoutSchema, signatureSchema } from "../runtimes/replica-files.ts";
import { datatypes } from "../tensor.ts";

/** One replica that may be asked. */
const replicaSchema = z.object({
  /** The workload's id. */
  id: z.string(),
  /** Path of the Unix socket on which it listens. */
  socket: z.string(),
});

/** One version that takes a share of a deployment's traffic. */
const routeVersionSchema = z.object({
  versionId: z.string(),
  /** The version's number as text: `model_version` on the wire. */
  version: z.string(),
  percent: z.number().min(0).max(100),
  /** Input columns of the model, in order. */
  columns: z.array(z.string()),
  layout: inputLayoutSchema,
  /** The output that holds the probability. */
  output: signatureSchema,
  replicas: z.array(replicaSchema),
});

/** All that the gateway knows of one deployment. */
export const routeSchema = z.object({
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
  versions: z.array(routeVersionSchema),
  /** Mixed into the hash of request ids, so that each rollout draws other requests. */
  salt: z.string(),
  /** The version that takes over when another cannot be reached. */
  champion: z.string(),
  /** Consecutive errors after which the gateway itself stops sending to a version that is not the champion. */
  fastAbortErrors: z.int(),
});

/** Everything the gateway routes by; kept as a file, so that it serves on without the control plane. */
export const routingTableSchema = z.object({
  /** Grows with every change of the table. */
  revision: z.int(),
  routes: z.array(routeSchema),
});

export type RouteReplica = Readonly<z.infer<typeof replicaSchema>>;
export type RouteVersion = Readonly<z.infer<typeof routeVersionSchema>>;
export type Route = Readonly<z.infer<typeof routeSchema>>;
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
