import { infeasiblePlan, contradictoryPlan, requireCount, requireWithin } from "../problems/plan-fault.ts";

/**
 * How nodes and switches are wired.
 *
 * `rail-optimised`: port r of every node of a group goes to the r-th leaf of the group. `leaf-spine`: at most two
 * levels, leaves filled in any order. `fat-tree`: two or three levels without oversubscription.
 */
export type Topology = "rail-optimised" | "leaf-spine" | "fat-tree";

/** What a fabric must join. */
export interface FabricAsk {
  readonly topology: Topology;
  readonly nodes: number;
  /** Fabric ports of one node. */
  readonly rails: number;
  /** Ports of one switch at the rate of the nodes' ports. */
  readonly radix: number;
  /** Bandwidth into a leaf over bandwidth out of it: 1 is non-blocking. */
  readonly oversubscription: number;
  /** Nodes of one scalable unit of a rail-optimised fabric; absent: as many as its leaves have ports for, evenly. */
  readonly nodesPerUnit?: number;
  /** Forces this many levels; absent: the fewest that join all nodes. */
  readonly levels?: 1 | 2 | 3;
}

/** Switches and cables of a fabric; a cable has one end on each side. */
export interface Fabric {
  readonly topology: Topology;
  readonly levels: 1 | 2 | 3;
  readonly nodes: number;
  readonly endpoints: number;
  readonly radix: number;
  readonly leaves: number;
  readonly spines: number;
  readonly cores: number;
  readonly nodeLeafCables: number;
  readonly leafSpineCables: number;
  readonly spineCoreCables: number;
  /** Nodes whose ports end on one leaf, or in rail-optimised fabrics on one group of leaves. */
  readonly nodesPerLeafGroup: number;
  /** Leaf ports kept for growth, all leaves together. */
  readonly leafPortsFree: number;
  readonly spinePortsFree: number;
  readonly corePortsFree: number;
  /** As wired, which rounding makes equal to or smaller than what was asked. */
  readonly oversubscription: number;
  readonly why: string;
}

/** How a leaf's ports are shared between nodes (down) and spines (up). */
interface LeafSplit {
  readonly down: number;
  readonly up: number;
}

/** Leaves before the levels above are chosen. */
interface LeafLevel {
  readonly leaves: number;
  /** Uplinks of one leaf that the oversubscription asks for, and for which it has ports. */
  readonly uplinks: number;
  readonly uplinksMax: number;
  readonly nodesPerGroup: number;
  readonly endpointsOnFullest: number;
}

export const nodesMax = 200_000;
const railsMax = 72;
const radixMax = 1024;

/**
 * Counts switches and cables of a fabric.
 *
 * Leaves give `radix / (1 + oversubscription)` ports to the spines; every switch spreads its uplinks evenly over the
 * switches above, for which uplinks are added where ports are left and else more spines, as published reference designs
 * do (three scalable units of 32 nodes get 16 spines, not 12). One unit of few nodes puts several rails on one leaf.
 * Two levels join up to radix^2/2 endpoints at 1:1, three radix^3/4.
 *
 * @throws {Fault} `planning.plan-invalid` for impossible figures, `planning.plan-contradictory` for a fat-tree with
 * oversubscription, `planning.plan-infeasible` when the levels allowed cannot join so many endpoints.
 */
export function designFabric(ask: FabricAsk): Fabric {
  requireCount("network.nodes", ask.nodes, 1);
  requireWithin("network.nodes", ask.nodes, 1, nodesMax);
  requireCount("network.rails", ask.rails, 1);
  requireWithin("network.rails", ask.rails, 1, railsMax);
  requireCount("network.radix", ask.radix, 4);
  requireWithin("network.radix", ask.radix, 4, radixMax);
  requireWithin("network.oversubscription", ask.oversubscription, 1, 16);
  if (ask.topology === "fat-tree" && ask.oversubscription !== 1) {
    const message = `a fat-tree has no oversubscription; found ${ask.oversubscription}, choose leaf-spine or 1`;
    throw contradictoryPlan("network.oversubscription", message);
  }
  if (ask.nodesPerUnit !== undefined) requireCount("network.nodesPerUnit", ask.nodesPerUnit, 1);
  const endpoints = ask.nodes * ask.rails;
  if (ask.levels === 1 || (ask.levels === undefined && endpoints <= ask.radix)) return oneLevel(ask, endpoints);
  const leafLevel = layLeaves(ask, splitLeaf(ask));
  const two = ask.levels === 3 ? undefined : twoLevels(ask, leafLevel);
  if (two !== undefined) return two;
  const three = ask.levels === 2 || ask.topology === "leaf-spine" ? undefined : threeLevels(ask, leafLevel);
  if (three !== undefined) return three;
  const message = `${endpoints} endpoints do not fit ${ask.levels ?? "the levels"} of a ${ask.topology} fabric with ${ask.radix}-port switches; use larger switches or more levels`;
  throw infeasiblePlan("network.topology", message);
}

function splitLeaf(ask: FabricAsk): LeafSplit {
  const up = Math.floor(ask.radix / (1 + ask.oversubscription));
  return { up, down: Math.min(ask.radix - up, Math.floor(up * ask.oversubscription)) };
}

function oneLevel(ask: FabricAsk, endpoints: number): Fabric {
  if (endpoints > ask.radix) {
    throw infeasiblePlan(
      "network.levels",
      `${endpoints} endpoints do not fit one ${ask.radix}-port switch; use 2 levels`,
    );
  }
  return {
    ...shared(ask),
    levels: 1,
    leaves: 1,
    spines: 0,
    cores: 0,
    leafSpineCables: 0,
    spineCoreCables: 0,
    nodesPerLeafGroup: ask.nodes,
    leafPortsFree: ask.radix - endpoints,
    spinePortsFree: 0,
    corePortsFree: 0,
    oversubscription: 1,
    why: `all ${endpoints} ports fit one ${ask.radix}-port switch`,
  };
}

function shared(ask: FabricAsk) {
  const endpoints = ask.nodes * ask.rails;
  return { topology: ask.topology, nodes: ask.nodes, endpoints, radix: ask.radix, nodeLeafCables: endpoints };
}

function layLeaves(ask: FabricAsk, split: LeafSplit): LeafLevel {
  if (ask.topology === "rail-optimised") {
    const unit = ask.nodesPerUnit ?? split.down;
    if (unit > split.down) {
      const message = `a leaf has ${split.down} ports for nodes; found a unit of ${unit} nodes`;
      throw contradictoryPlan("network.nodesPerUnit", message);
    }
    const groups = Math.ceil(ask.nodes / unit);
    const nodesPerGroup = ask.nodesPerUnit ?? Math.ceil(ask.nodes / groups);
    const railsPerLeafMax = groups === 1 ? Math.max(1, Math.floor(split.down / nodesPerGroup)) : 1;
    const leavesPerGroup = Math.ceil(ask.rails / railsPerLeafMax);
    const endpointsOnFullest = nodesPerGroup * Math.ceil(ask.rails / leavesPerGroup);
    return { leaves: groups * leavesPerGroup, nodesPerGroup, ...lift(ask, endpointsOnFullest) };
  }
  const endpoints = ask.nodes * ask.rails;
  const leaves = Math.ceil(endpoints / split.down);
  const endpointsOnFullest = Math.ceil(endpoints / leaves);
  const nodesPerGroup = Math.max(1, Math.floor(endpointsOnFullest / ask.rails));
  return { leaves, nodesPerGroup, ...lift(ask, endpointsOnFullest) };
}

function lift(ask: FabricAsk, endpointsOnFullest: number) {
  const uplinks = Math.ceil(endpointsOnFullest / ask.oversubscription - 1e-9);
  return { endpointsOnFullest, uplinks, uplinksMax: ask.radix - endpointsOnFullest };
}

/** Switches above that take equal shares of each lower switch's uplinks. */
interface Spread {
  readonly switches: number;
  readonly uplinks: number;
}

/**
 * The cheapest switches above, at least two, over which each lower switch spreads its uplinks evenly. Uplinks may be
 * rounded up while the lower switch has ports; a switch counts as much as cables for half of its ports.
 *
 * @param lower switches whose uplinks end on the same upper ones; `ports` is what one upper switch offers them.
 */
function spreadUplinks(lower: number, uplinks: number, uplinksMax: number, ports: number): Spread | undefined {
  const least = Math.max(lower > 1 ? Math.min(2, uplinks) : 1, Math.ceil((lower * uplinks) / ports));
  let best: (Spread & { readonly cost: number }) | undefined;
  for (let switches = least; switches <= Math.max(uplinks, least); switches += 1) {
    const each = Math.ceil(uplinks / switches);
    if (each * switches > uplinksMax || lower * each > ports) continue;
    const cost = (switches * ports) / 2 + lower * each * switches;
    if (best === undefined || cost < best.cost) best = { switches, uplinks: each * switches, cost };
  }
  return best;
}

function twoLevels(ask: FabricAsk, level: LeafLevel): Fabric | undefined {
  const spread = spreadUplinks(level.leaves, level.uplinks, level.uplinksMax, ask.radix);
  if (spread === undefined) return undefined;
  const cables = level.leaves * spread.uplinks;
  return {
    ...shared(ask),
    levels: 2,
    leaves: level.leaves,
    spines: spread.switches,
    cores: 0,
    leafSpineCables: cables,
    spineCoreCables: 0,
    nodesPerLeafGroup: level.nodesPerGroup,
    leafPortsFree: level.leaves * (ask.radix - spread.uplinks) - ask.nodes * ask.rails,
    spinePortsFree: spread.switches * ask.radix - cables,
    corePortsFree: 0,
    oversubscription: Math.max(1, level.endpointsOnFullest / spread.uplinks),
    why: `${spread.uplinks} uplinks a leaf spread evenly over ${spread.switches} spines`,
  };
}

function threeLevels(ask: FabricAsk, level: LeafLevel): Fabric | undefined {
  const half = Math.floor(ask.radix / 2);
  const leafStep = ask.topology === "rail-optimised" ? ask.rails : 1;
  const leavesPerPodMax = Math.floor(half / leafStep) * leafStep;
  if (leavesPerPodMax === 0) return undefined;
  const pods = Math.ceil(level.leaves / leavesPerPodMax);
  const leavesPerPod = Math.ceil(level.leaves / pods / leafStep) * leafStep;
  const inPod = spreadUplinks(leavesPerPod, level.uplinks, level.uplinksMax, half);
  if (inPod === undefined) return undefined;
  const spineDown = (leavesPerPod * inPod.uplinks) / inPod.switches;
  const above = spreadUplinks(pods, spineDown, ask.radix - spineDown, ask.radix);
  if (above === undefined) return undefined;
  const spines = pods * inPod.switches;
  const cores = inPod.switches * above.switches;
  const leafSpineCables = level.leaves * inPod.uplinks;
  const spineCoreCables = spines * above.uplinks;
  return {
    ...shared(ask),
    levels: 3,
    leaves: level.leaves,
    spines,
    cores,
    leafSpineCables,
    spineCoreCables,
    nodesPerLeafGroup: level.nodesPerGroup,
    leafPortsFree: level.leaves * (ask.radix - inPod.uplinks) - ask.nodes * ask.rails,
    spinePortsFree: spines * ask.radix - leafSpineCables - spineCoreCables,
    corePortsFree: cores * ask.radix - spineCoreCables,
    oversubscription: Math.max(1, level.endpointsOnFullest / inPod.uplinks),
    why: `${pods} pods of ${leavesPerPod} leaves and ${inPod.switches} spines; two levels cannot join ${ask.nodes * ask.rails} endpoints`,
  };
}
