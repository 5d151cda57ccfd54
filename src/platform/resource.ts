import * as z from "zod";
import type { Instant } from "../base/clock.ts";

/** What a name may look like: lower-case letters, digits and dashes, as DNS labels. */
export const nameSchema = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "use lower-case letters, digits and dashes, such as flight-delay");

export const labelsSchema = z.record(z.string().min(1).max(63), z.string().max(255));

/** One observed truth about a resource, as Kubernetes users know them. */
export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(["true", "false", "unknown"]),
  /** One word for programs, in CamelCase. */
  reason: z.string(),
  /** A sentence for people. */
  message: z.string(),
  /** When `status` last changed. */
  since: z.number(),
});

export type Condition = z.infer<typeof conditionSchema>;

/** Names one resource. `project` is null for kinds that belong to the whole platform. */
export interface ResourceRef {
  readonly kind: string;
  readonly project: string | null;
  readonly name: string;
}

/** What a user declares (`spec`) and what the platform observed (`status`). Times are milliseconds since 1970. */
export interface Resource<Spec = unknown, Status = unknown> extends ResourceRef {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Spec;
  readonly status: Status;
  /** Counts the changes of `spec`. */
  readonly generation: number;
  /** Counts every change; a write must name the version that it read. */
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  /** Set once deletion was asked for; the kind's controller cleans up and then removes the row. */
  readonly deletingSince: Instant | null;
}

/** A column of `millwright get` and of the UI's lists. */
export interface KindColumn {
  readonly heading: string;
  /** Where the value lies, such as `status.phase`. */
  readonly path: string;
  readonly format?: "text" | "count" | "age" | "bytes" | "memory" | "duration" | "ratio" | "money";
  /** Shown only by `-o wide`. */
  readonly isWide?: boolean;
}

/** Everything the platform needs to know of a kind: validation, OpenAPI, JSON Schema and tables come from it. */
export interface KindDefinition<Spec = unknown, Status = unknown> {
  readonly kind: string;
  /** The plural in URLs and on the command line: `training-jobs`. */
  readonly plural: string;
  /** Other names that `millwright get` takes: `job`, `jobs`. */
  readonly aliases: readonly string[];
  readonly scope: "platform" | "project";
  /** One sentence for documentation. */
  readonly summary: string;
  readonly spec: z.ZodType<Spec>;
  readonly status: z.ZodType<Status>;
  /** The status of a resource that no controller has seen yet. */
  readonly initialStatus: Status;
  readonly columns: readonly KindColumn[];
  /** Whether a controller must clean up before the row goes. */
  readonly needsCleanup: boolean;
}

/** Declares a kind; the types of spec and status follow from the schemas. */
export function defineKind<Spec, Status>(definition: KindDefinition<Spec, Status>): KindDefinition<Spec, Status> {
  return definition;
}

/** What a user writes in YAML or sends as JSON. */
export interface Manifest<Spec = unknown> {
  readonly kind: string;
  readonly project?: string | undefined;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly spec: Spec;
  /** When given, the write is refused unless the stored version is this one. */
  readonly version?: number | undefined;
}

/** The schema of a manifest of one kind: unknown keys are refused. */
export function manifestSchema<Spec>(definition: KindDefinition<Spec>): z.ZodType<Manifest<Spec>> {
  return z.strictObject({
    kind: z.literal(definition.kind),
    ...(definition.scope === "project" ? { project: nameSchema.optional() } : {}),
    name: nameSchema,
    labels: labelsSchema.optional(),
    spec: definition.spec,
    version: z.int().optional(),
  }) as unknown as z.ZodType<Manifest<Spec>>;
}

/** Writes a ref as `project/kind/name`, the form that logs and keys use; `-` stands for no project. */
export function refKey(ref: ResourceRef): string {
  return `${ref.project ?? "-"}/${ref.kind}/${ref.name}`;
}

/** Reads what `refKey` wrote. */
export function parseRefKey(key: string): ResourceRef {
  const [project, kind, name] = key.split("/");
  if (project === undefined || kind === undefined || name === undefined) throw new Error(`not a resource key: ${key}`);
  return { kind, project: project === "-" ? null : project, name };
}

/** Puts `next` among `conditions`; `since` moves only when the status of that type changed. */
export function withCondition(conditions: readonly Condition[], next: Condition): readonly Condition[] {
  const before = conditions.find((condition) => condition.type === next.type);
  const kept = before?.status === next.status ? { ...next, since: before.since } : next;
  return [...conditions.filter((condition) => condition.type !== next.type), kept];
}
