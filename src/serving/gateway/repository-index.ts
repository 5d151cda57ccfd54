import type { Route } from "./routing-table.ts";

/** One version of a deployment in the index of a model repository. */
export interface IndexedModel {
  readonly name: string;
  readonly version: string;
  readonly state: "READY" | "UNAVAILABLE";
  readonly reason: string;
}

/**
 * The deployments of a project as a model repository lists them, a version each; one without a version has one empty line.
 *
 * @param readyOnly leaves out what cannot be asked now.
 */
export function repositoryIndex(
  routes: readonly Route[],
  project: string,
  readyOnly: boolean,
): readonly IndexedModel[] {
  const found: IndexedModel[] = [];
  for (const route of routes) {
    if (route.project !== project) continue;
    for (const { version, replicas } of versionsOf(route)) {
      const isReady = replicas > 0;
      if (readyOnly && !isReady) continue;
      const state = isReady ? "READY" : "UNAVAILABLE";
      found.push({ name: route.deployment, version, state, reason: isReady ? "" : unready(route) });
    }
  }
  return found;
}

function unready(route: Route): string {
  return route.isUnloaded === true ? "unloaded" : "no replica is ready";
}

function versionsOf(route: Route): readonly { readonly version: string; readonly replicas: number }[] {
  if (route.versions.length === 0) return [{ version: "", replicas: 0 }];
  return route.kind === "tabular"
    ? route.versions.map(({ version, replicas }) => ({ version, replicas: replicas.length }))
    : route.versions.map(({ version, replicas }) => ({ version, replicas: replicas.length }));
}
