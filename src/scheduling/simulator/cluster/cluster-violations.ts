import { parseDuration } from "../../../base/units.ts";
import type { ClusterFile } from "./model.ts";
import { nodeIds } from "./node-ids.ts";

/** Something in a cluster file that does not fit the rest of it. */
export interface ClusterViolation {
  /** Where it stands in the file. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Checks what a schema cannot: names that must be unique or known, trees without cycles, levels that nest. */
export function clusterViolations(file: ClusterFile): readonly ClusterViolation[] {
  return [...poolViolations(file), ...quotaViolations(file), ...timeViolations(file)];
}

function* poolViolations({ pools }: ClusterFile): Iterable<ClusterViolation> {
  yield* repeats(pools.map((pool, index) => ({ name: pool.name, path: ["pools", index, "name"] })));
  yield* repeats(
    pools.flatMap((pool, index) =>
      pool.nodes.map((group, place) => ({ name: group.name, path: ["pools", index, "nodes", place, "name"] })),
    ),
  );
  for (const [index, pool] of pools.entries()) {
    yield* repeats(pool.levels.map((name, place) => ({ name, path: ["pools", index, "levels", place] })));
    for (const [place, group] of pool.nodes.entries()) {
      const path = ["pools", index, "nodes", place];
      if (group.gpus > 0 && group.gpuModel === undefined) {
        yield { path: [...path, "gpus"], message: "nodes with GPUs name their gpuModel" };
      }
      if (group.gpus === 0 && group.gpuModel !== undefined) {
        yield { path: [...path, "gpuModel"], message: "nodes of a GPU model say how many gpus each has" };
      }
      yield* domainViolations(pool.levels, group.domains, [...path, "domains"]);
    }
  }
}

function* domainViolations(
  levels: readonly string[],
  domains: Readonly<Record<string, number>>,
  path: readonly (string | number)[],
): Iterable<ClusterViolation> {
  for (const level of Object.keys(domains)) {
    if (levels.includes(level)) continue;
    const known = levels.length === 0 ? "the pool has no levels" : `the pool's levels are ${levels.join(", ")}`;
    yield { path: [...path, level], message: `there is no level ${level}; ${known}` };
  }
  let wider: { readonly level: string; readonly size: number } | undefined;
  for (const level of levels) {
    const size = domains[level];
    if (size === undefined) continue;
    if (wider !== undefined && wider.size % size !== 0) {
      const message = `a ${wider.level} of ${wider.size} nodes is no whole number of ${level}s of ${size}`;
      yield { path: [...path, level], message };
    }
    wider = { level, size };
  }
}

function* quotaViolations({ quotas }: ClusterFile): Iterable<ClusterViolation> {
  const parents = new Map(quotas.map((quota) => [quota.name, quota.parent]));
  yield* repeats(quotas.map(({ name }, index) => ({ name, path: ["quotas", index, "name"] })));
  for (const [index, quota] of quotas.entries()) {
    if (quota.parent !== undefined && !parents.has(quota.parent)) {
      yield { path: ["quotas", index, "parent"], message: `there is no quota ${quota.parent}` };
    } else if (isOwnAncestor(quota.name, parents)) {
      yield { path: ["quotas", index, "parent"], message: `${quota.name} stands below itself` };
    }
    // What stands above others also lends what they lend to it; only a queue's own nominal quota is all that it has.
    if (quotas.some(({ parent }) => parent === quota.name)) continue;
    for (const [resource, { nominal, lend }] of Object.entries(quota.resources)) {
      if (lend === undefined || lend <= nominal) continue;
      const message = `lends ${lend}, more than the nominal ${nominal} that is its own`;
      yield { path: ["quotas", index, "resources", resource, "lend"], message };
    }
  }
}

function isOwnAncestor(name: string, parents: ReadonlyMap<string, string | undefined>): boolean {
  let above = parents.get(name);
  for (let steps = 0; above !== undefined && steps <= parents.size; steps += 1) {
    if (above === name) return true;
    above = parents.get(above);
  }
  return false;
}

function* timeViolations(file: ClusterFile): Iterable<ClusterViolation> {
  const known = new Set(file.pools.flatMap(({ nodes }) => nodes.flatMap(nodeIds)));
  const unknown = (name: string): string => `there is no node ${name}; nodes are named as ${[...known][0] ?? ""}`;
  const queues = new Set(file.quotas.map(({ name }) => name));
  yield* repeats(file.reservations.map(({ name }, index) => ({ name, path: ["reservations", index, "name"] })));
  for (const [index, reservation] of file.reservations.entries()) {
    const path = ["reservations", index];
    if (parseDuration(reservation.until) <= parseDuration(reservation.from)) {
      yield { path: [...path, "until"], message: `ends at ${reservation.until}, not after ${reservation.from}` };
    }
    for (const [place, name] of reservation.nodes.entries()) {
      if (!known.has(name)) yield { path: [...path, "nodes", place], message: unknown(name) };
    }
    for (const [place, name] of reservation.queues.entries()) {
      const isUnknown = queues.size > 0 && !queues.has(name);
      if (isUnknown) yield { path: [...path, "queues", place], message: `there is no quota ${name}` };
    }
  }
  for (const [index, outage] of file.outages.entries()) {
    const path = ["outages", index];
    if (!known.has(outage.node)) yield { path: [...path, "node"], message: unknown(outage.node) };
    if (outage.until !== undefined && parseDuration(outage.until) <= parseDuration(outage.from)) {
      yield { path: [...path, "until"], message: `ends at ${outage.until}, not after ${outage.from}` };
    }
  }
}

function* repeats(
  named: readonly { readonly name: string; readonly path: readonly (string | number)[] }[],
): Iterable<ClusterViolation> {
  const seen = new Set<string>();
  for (const { name, path } of named) {
    if (seen.has(name)) yield { path, message: `the name ${name} stands there twice` };
    seen.add(name);
  }
}
