import * as z from "zod";
import { conditionSchema, defineKind } from "../platform/resource.ts";

/** What a role may do grows from left to right; each includes the ones before it. */
export const roles = ["viewer", "member", "approver", "admin"] as const;
export type Role = (typeof roles)[number];

/** The team name that stands for the whole platform in a role binding. */
export const everyTeam = "*";

/** The project and team that exist from the first start. */
export const defaultProject = "default";
export const defaultTeam = "default";

/** The identity that the first start creates. */
export const adminIdentity = "admin";

const plainStatusSchema = z.object({ phase: z.string(), conditions: z.array(conditionSchema) });

export const teamKind = defineKind({
  kind: "Team",
  plural: "teams",
  aliases: ["team"],
  scope: "platform",
  summary: "People who share projects, quotas and a bill.",
  spec: z.strictObject({ description: z.string().max(2000).default("").describe("What the team does, for people.") }),
  status: plainStatusSchema,
  initialStatus: { phase: "active", conditions: [] },
  columns: [{ heading: "DESCRIPTION", path: "spec.description" }],
  needsCleanup: false,
});

export const projectKind = defineKind({
  kind: "Project",
  plural: "projects",
  aliases: ["project"],
  scope: "platform",
  summary: "A body of work of one team: its data, jobs, models and deployments.",
  spec: z.strictObject({
    team: z.string().min(1).max(63).describe("The team that owns the project."),
    description: z.string().max(2000).default("").describe("What the project is about, for people."),
  }),
  status: plainStatusSchema,
  initialStatus: { phase: "active", conditions: [] },
  columns: [
    { heading: "TEAM", path: "spec.team" },
    { heading: "DESCRIPTION", path: "spec.description" },
  ],
  needsCleanup: false,
});

export const identityNameSchema = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[a-z0-9][a-z0-9.@_-]*$/, "use lower-case letters, digits and . @ _ -, such as ada");

/** Asks for a person or a service to be known, with a role in a team (or everywhere: `*`). */
export const newIdentitySchema = z.strictObject({
  name: identityNameSchema,
  kind: z.enum(["person", "service"]).default("person"),
  team: z.string().min(1).max(63).describe("A team's name, or * for the whole platform."),
  role: z.enum(roles),
});

/** Asks for an API key of an identity. */
export const newKeySchema = z.strictObject({
  identity: identityNameSchema,
  /** Binds the key to one project, with the rights of a member there. */
  project: z.string().min(1).max(63).optional(),
  /** Milliseconds until the key stops working; absent: it does not expire. */
  expiresInMs: z.int().positive().optional(),
});

export const identitySchema = z.object({
  name: z.string(),
  kind: z.enum(["person", "service", "task"]),
  bindings: z.array(z.object({ team: z.string(), role: z.enum(roles) })),
});

export const issuedKeySchema = z.object({
  id: z.string(),
  /** Shown once; only its hash is kept. */
  key: z.string(),
  expiresAt: z.number().nullable(),
});

export type Identity = z.infer<typeof identitySchema>;
export type IssuedKey = z.infer<typeof issuedKeySchema>;
