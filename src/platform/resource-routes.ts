import * as z from "zod";
import { Fault } from "../base/fault.ts";
import { describeIssues } from "./http-server.ts";
import type { Caller, Gatekeeper } from "./ports.ts";
import { type KindDefinition, type Manifest, manifestSchema, type Resource } from "./resource.ts";
import type { Applied } from "./resource-change.ts";
import type { ResourceStore } from "./resource-store.ts";
import { defineRoute, type Route } from "./route.ts";

/** The most manifests in one apply. */
const manifestsMax = 500;

const refParamsSchema = z.object({ project: z.string(), name: z.string() });
const namedSchema = z.object({ name: z.string() });
const listQuerySchema = z.object({
  project: z.string().optional(),
  /** `key=value` pairs joined by commas. */
  labels: z.string().max(1000).optional(),
});
/** What every manifest has, read before its kind's own schema is known. */
const labelledSchema = z
  .object({ kind: z.string().catch("(none)"), name: z.string().catch("(without a name)") })
  .catch({ kind: "(none)", name: "(without a name)" });
const applySchema = z.object({
  manifests: z.array(z.unknown()).min(1).max(manifestsMax),
  dryRun: z.boolean().default(false),
});

/** Checks a project's manifests beyond their schema: does what they name exist? */
export interface ManifestChecks {
  /** @throws {Fault} `platform.resource-invalid` when the project is unknown (and none of this apply makes it). */
  check(manifest: Manifest, others: readonly Manifest[]): Promise<void>;
}

/** Lists, reads, applies and deletes resources of every kind. */
export function resourceRoutes(
  kinds: readonly KindDefinition[],
  resources: ResourceStore,
  gatekeeper: Gatekeeper,
  checks: ManifestChecks,
): readonly Route[] {
  return [
    applyRoute(kinds, resources, gatekeeper, checks),
    ...kinds.flatMap((definition) => kindRoutes(definition, resources, gatekeeper)),
  ];
}

function applyRoute(
  kinds: readonly KindDefinition[],
  resources: ResourceStore,
  gatekeeper: Gatekeeper,
  checks: ManifestChecks,
): Route {
  const schemas = new Map(kinds.map((definition) => [definition.kind, manifestSchema(definition)]));
  return defineRoute({
    method: "POST",
    path: "/api/v1/apply",
    summary: "Creates or updates resources in order; a dry run tells what would change.",
    permission: { scope: "any" },
    body: applySchema,
    handler: async ({ body, caller }) => {
      const manifests = body.manifests.map((value) => parseManifest(schemas, value));
      for (const manifest of manifests) await mayApply(kinds, gatekeeper, caller, manifest, manifests);
      for (const manifest of manifests) await checks.check(manifest, manifests);
      const results: Applied[] = [];
      for (const manifest of manifests)
        results.push(await resources.apply(caller.identity, manifest, { dryRun: body.dryRun }));
      return {
        dryRun: body.dryRun,
        results: results.map((result) => ({
          ref: { kind: result.resource.kind, project: result.resource.project, name: result.resource.name },
          outcome: result.outcome,
          before: result.before,
          after: result.resource,
        })),
      };
    },
  });
}

/** A project of this very apply is judged by its team: whoever may administer the platform may make it. */
async function mayApply(
  kinds: readonly KindDefinition[],
  gatekeeper: Gatekeeper,
  caller: Caller,
  manifest: Manifest,
  manifests: readonly Manifest[],
): Promise<void> {
  const isProjectScoped = kinds.some(
    (definition) => definition.kind === manifest.kind && definition.scope === "project",
  );
  const project = isProjectScoped ? (manifest.project ?? "default") : null;
  const isNew = manifests.some((other) => other.kind === "Project" && other.name === project);
  if (project === null || isNew) await gatekeeper.authorise(caller, project === null ? "administer" : "write", null);
  else await gatekeeper.authorise(caller, "write", project);
}

function kindRoutes(definition: KindDefinition, resources: ResourceStore, gatekeeper: Gatekeeper): readonly Route[] {
  const isProjectScoped = definition.scope === "project";
  const base = isProjectScoped ? `/api/v1/projects/:project/${definition.plural}` : `/api/v1/${definition.plural}`;
  const params = isProjectScoped ? refParamsSchema : namedSchema;
  const projectOf = (given: unknown): string | null => (isProjectScoped ? refParamsSchema.parse(given).project : null);
  const read = async (given: unknown): Promise<Resource> => {
    const { name } = namedSchema.parse(given);
    const found = await resources.get(definition, projectOf(given), name);
    if (found !== undefined) return found;
    throw new Fault(
      "platform.resource-missing",
      `there is no ${definition.kind} ${name}; list them with: millwright get ${definition.plural}`,
    );
  };
  return [
    defineRoute({
      method: "GET",
      path: `/api/v1/${definition.plural}`,
      summary: `Lists ${definition.plural} that the caller may read.`,
      permission: { scope: "any" },
      query: listQuerySchema,
      handler: async ({ query, caller }) => {
        const readable = isProjectScoped ? await gatekeeper.readableProjects(caller) : null;
        const projects =
          query.project === undefined
            ? readable
            : readable === null || readable.includes(query.project)
              ? [query.project]
              : [];
        const filter = isProjectScoped
          ? { projects, labels: parseLabels(query.labels) }
          : { labels: parseLabels(query.labels) };
        return { items: await resources.list(definition, filter) };
      },
    }),
    defineRoute({
      method: "GET",
      path: `${base}/:name`,
      summary: `Reads one ${definition.kind}.`,
      permission: isProjectScoped ? { scope: "project", action: "read" } : { scope: "any" },
      params,
      handler: async (request) => await read(request.params),
    }),
    defineRoute({
      method: "DELETE",
      path: `${base}/:name`,
      summary: `Deletes one ${definition.kind}${definition.needsCleanup ? " once its controller has cleaned up" : ""}.`,
      permission: isProjectScoped ? { scope: "project", action: "write" } : { scope: "platform", action: "administer" },
      params,
      handler: async (request) => {
        const found = await read(request.params);
        await resources.requestDeletion(request.caller.identity, {
          kind: found.kind,
          project: found.project,
          name: found.name,
        });
        return { deleted: { kind: found.kind, project: found.project, name: found.name } };
      },
    }),
  ];
}

function parseManifest(schemas: ReadonlyMap<string, z.ZodType<Manifest>>, value: unknown): Manifest {
  const { kind, name } = labelledSchema.parse(value);
  const schema = schemas.get(kind);
  if (schema === undefined) {
    throw new Fault(
      "platform.resource-invalid",
      `there is no kind ${kind}; there are ${[...schemas.keys()].join(", ")}`,
    );
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault("platform.resource-invalid", `${kind} ${name} is not as wanted: ${describeIssues(result.error)}`, {
    details: {
      kind,
      name,
      issues: result.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.join("."), message })),
    },
  });
}

function parseLabels(text: string | undefined): Record<string, string> {
  if (text === undefined || text === "") return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [key, value] = pair.split("=", 2);
      if (key === undefined || value === undefined) {
        throw new Fault("platform.request-invalid", `"${pair}" is no label; write key=value pairs joined by commas`);
      }
      return [key, value];
    }),
  );
}
