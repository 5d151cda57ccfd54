import type { EngineNode } from "./model.ts";

/** The narrowest level of every pool. */
export const nodeLevel = "node";

/** The domains of one level: domain `d` is made of the nodes [bounds[d], bounds[d + 1]). */
export interface TopologyLevel {
  readonly name: string;
  readonly bounds: Int32Array;
  /** Paths such as `block-1/rack-3`. */
  readonly names: readonly string[];
}

/** The tree of a pool over nodes in the order of their domains, widest level first, the node last. */
export interface Topology {
  readonly levels: readonly TopologyLevel[];
}

/** The order in which the nodes of a pool are kept, so that each domain is one range: by domain, then by id. */
export function byDomain(left: EngineNode, right: EngineNode): number {
  const [from, to] = [left.domains.join("\u0000"), right.domains.join("\u0000")];
  if (from !== to) return from < to ? -1 : 1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

/** Builds the tree over nodes that are sorted by `byDomain`. */
export function buildTopology(levelNames: readonly string[], nodes: readonly EngineNode[]): Topology {
  const levels = levelNames.map((name, depth) => {
    const bounds: number[] = [];
    const names: string[] = [];
    let last: string | undefined;
    nodes.forEach((node, index) => {
      const path = node.domains.slice(0, depth + 1).join("/");
      if (path === last) return;
      last = path;
      bounds.push(index);
      names.push(path);
    });
    bounds.push(nodes.length);
    return { name, bounds: Int32Array.from(bounds), names };
  });
  const each = Int32Array.from({ length: nodes.length + 1 }, (_, index) => index);
  return { levels: [...levels, { name: nodeLevel, bounds: each, names: nodes.map((node) => node.id) }] };
}

/** The place of a level in the tree, or -1. */
export function levelIndex(topology: Topology, name: string): number {
  return topology.levels.findIndex((level) => level.name === name);
}
