import { Fault } from "../base/fault.ts";
import type { KindDefinition, Manifest } from "../platform/resource.ts";
import type { ManifestChecks } from "../platform/resource-routes.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { quotaKind } from "../scheduling/model.ts";
import { toQuotaTree } from "../scheduling/quota/declared-quotas.ts";
import { defaultProject, projectKind, teamKind } from "../tenancy/model.ts";
import { kinds } from "./kinds.ts";

/** The most problems that one refusal lists. */
const problemsMax = 20;

/**
 * Refuses what names a project or team that does not exist (and that the same apply does not make), and quotas that
 * make no tree together with those that are there.
 */
export function manifestChecks(resources: ResourceStore): ManifestChecks {
  return {
    async check(manifest, others) {
      // The first quota of an apply answers for all of them.
      const [firstQuota] = others.filter((other) => other.kind === quotaKind.kind);
      if (manifest === firstQuota) await checkQuotas(resources, manifest, others);
      const makes = (kind: string, name: string): boolean =>
        others.some((other) => other.kind === kind && other.name === name);
      const definition = kinds.find((each) => each.kind === manifest.kind);
      if (definition?.scope === "project") {
        const project = manifest.project ?? defaultProject;
        if (makes("Project", project) || (await resources.get(projectKind, null, project)) !== undefined) return;
        throw missing(manifest, `there is no project ${project}; make it first, with a manifest of kind Project`);
      }
      if (manifest.kind !== projectKind.kind) return;
      const { team } = projectKind.spec.parse(manifest.spec);
      if (makes("Team", team) || (await resources.get(teamKind, null, team)) !== undefined) return;
      throw missing(manifest, `there is no team ${team}; make it first, with a manifest of kind Team`);
    },
  };
}

/** Judges all quotas as they would be after the apply; what was wrong before does not stand in the way of mending. */
async function checkQuotas(resources: ResourceStore, manifest: Manifest, others: readonly Manifest[]): Promise<void> {
  const [quotas, teams, projects] = await Promise.all([
    resources.list(quotaKind),
    resources.list(teamKind),
    resources.list(projectKind),
  ]);
  const problems = (applied: readonly Manifest[]): readonly string[] => {
    const specs = <Spec>(definition: KindDefinition<Spec>, stored: readonly { name: string; spec: Spec }[]) => {
      const made = applied.filter((each) => each.kind === definition.kind);
      return new Map([
        ...stored.map((each): [string, Spec] => [each.name, each.spec]),
        ...made.map((each): [string, Spec] => [each.name, definition.spec.parse(each.spec)]),
      ]);
    };
    return toQuotaTree({
      quotas: [...specs(quotaKind, quotas)].map(([name, spec]) => ({ name, spec })),
      teams: [...specs(teamKind, teams).keys()],
      projects: [...specs(projectKind, projects)].map(([name, { team }]) => ({ name, team })),
      capacity: null,
    }).problems;
  };
  const before = new Set(problems([]));
  const [first, ...more] = problems(others).filter((problem) => !before.has(problem));
  if (first === undefined) return;
  throw new Fault("platform.resource-invalid", first, {
    details: { kind: manifest.kind, name: manifest.name, problems: [first, ...more].slice(0, problemsMax) },
  });
}

function missing(manifest: Manifest, message: string): Fault {
  return new Fault("platform.resource-invalid", `${manifest.kind} ${manifest.name}: ${message}`, {
    details: { kind: manifest.kind, name: manifest.name },
  });
}
