import { Fault } from "../base/fault.ts";
import type { Manifest } from "../platform/resource.ts";
import type { ManifestChecks } from "../platform/resource-routes.ts";
import type { ResourceStore } from "../platform/resource-store.ts";
import { defaultProject, projectKind, teamKind } from "../tenancy/model.ts";
import { kinds } from "./kinds.ts";

/** Refuses what names a project or team that does not exist (and that the same apply does not make). */
export function manifestChecks(resources: ResourceStore): ManifestChecks {
  return {
    async check(manifest, others) {
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

function missing(manifest: Manifest, message: string): Fault {
  return new Fault("platform.resource-invalid", `${manifest.kind} ${manifest.name}: ${message}`, {
    details: { kind: manifest.kind, name: manifest.name },
  });
}
