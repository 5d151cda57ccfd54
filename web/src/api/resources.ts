import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { Condition, ResourceRef } from "../../../src/platform/resource.ts";
import { getJson, withQuery } from "./client.ts";
import { type Fields, fieldsOf, itemsOf } from "./reading.ts";

/** The plurals of kinds in the API's paths. */
export type Plural =
  | "teams"
  | "projects"
  | "pools"
  | "quotas"
  | "datasets"
  | "pipelines"
  | "feature-views"
  | "training-jobs"
  | "evaluations"
  | "models"
  | "deployments"
  | "drift-monitors";

/** A resource of any kind; pages read the parts of spec and status that they show. */
export interface ResourceSummary extends ResourceRef {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Fields;
  readonly status: Fields;
  readonly phase: string;
  readonly conditions: readonly Condition[];
  readonly generation: number;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

const refreshMs = 15_000;
/** The most projects that one page gathers rows of. */
const projectsMax = 50;

function readCondition(fields: Fields): Condition {
  const status = fields.textOr("status", "unknown");
  return {
    type: fields.text("type"),
    status: status === "true" || status === "false" ? status : "unknown",
    reason: fields.textOr("reason", ""),
    message: fields.textOr("message", ""),
    since: fields.numberOr("since", 0),
  };
}

/** Reads a resource. */
export function readResource(fields: Fields): ResourceSummary {
  const status = fields.fields("status");
  return {
    kind: fields.text("kind"),
    project: fields.textOr("project", null),
    name: fields.text("name"),
    uid: fields.textOr("uid", ""),
    labels: fields.textsByName("labels"),
    spec: fields.fields("spec"),
    status,
    phase: fields.numberOr("deletingSince", null) === null ? status.textOr("phase", "pending") : "deleting",
    conditions: status.list("conditions", readCondition),
    generation: fields.numberOr("generation", 1),
    version: fields.numberOr("version", 1),
    createdAt: fields.numberOr("createdAt", 0),
    updatedAt: fields.numberOr("updatedAt", 0),
  };
}

function listResources(
  plural: Plural,
  project: string | undefined,
  signal: AbortSignal,
): Promise<readonly ResourceSummary[]> {
  return getJson(withQuery(`/api/v1/${plural}`, { project }), itemsOf(readResource), signal);
}

/** The resources of a kind, of one project or of all. */
export function useResources(plural: Plural, project: string | undefined): UseQueryResult<readonly ResourceSummary[]> {
  return useQuery({
    queryKey: [plural, "list", project ?? "*"],
    queryFn: ({ signal }) => listResources(plural, project, signal),
    refetchInterval: refreshMs,
  });
}

/** One resource of a project. */
export function useResource(plural: Plural, project: string, name: string): UseQueryResult<ResourceSummary> {
  return useQuery({
    queryKey: [plural, "one", project, name],
    queryFn: ({ signal }) =>
      getJson(
        `${projectPath(project)}/${plural}/${encodeURIComponent(name)}`,
        (value) => readResource(fieldsOf(value, plural)),
        signal,
      ),
    refetchInterval: refreshMs,
  });
}

/** Every project that the key may read. */
export function useProjects(): UseQueryResult<readonly ResourceSummary[]> {
  return useResources("projects", undefined);
}

/** Where a project's routes begin. */
export function projectPath(project: string): string {
  return `/api/v1/projects/${encodeURIComponent(project)}`;
}

/** Gathers rows of one project, or of every project that the key may read. */
export async function acrossProjects<Row>(
  project: string | undefined,
  signal: AbortSignal,
  readProject: (project: string) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  if (project !== undefined) return readProject(project);
  const projects = await listResources("projects", undefined, signal);
  const rows = await Promise.all(projects.slice(0, projectsMax).map((each) => readProject(each.name)));
  return rows.flat();
}
