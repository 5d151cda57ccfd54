import type { QueuedWorkload } from "../../compute/ports.ts";
import type { Blocker } from "../explain/model.ts";
import type { BlockerView } from "./model.ts";

/** What is known of whom workloads belong to. */
export interface BlockerSurroundings {
  readonly workloads: ReadonlyMap<string, Pick<QueuedWorkload, "owner" | "project">>;
  readonly projects: readonly { readonly name: string; readonly team: string }[];
  /** Who wrote an owner's spec last, by `ownerKey`. */
  readonly writers: ReadonlyMap<string, string>;
}

/** Names an owner in a map. */
export function ownerKey({ kind, project, name }: QueuedWorkload["owner"]): string {
  return `${kind}/${project ?? ""}/${name}`;
}

/** Blockers with whose they are. */
export function toBlockerViews(
  blockers: readonly Blocker[],
  { workloads, projects, writers }: BlockerSurroundings,
): readonly BlockerView[] {
  const teams = new Map(projects.map(({ name, team }) => [name, team]));
  return blockers.map(({ queue: _, ...blocker }) => {
    const known = workloads.get(blocker.id);
    if (known === undefined) return { ...blocker, owner: null };
    const { kind, name } = known.owner;
    const { project } = known;
    const identity = writers.get(ownerKey(known.owner)) ?? null;
    return { ...blocker, owner: { kind, name, project, team: teams.get(project) ?? null, identity } };
  });
}
