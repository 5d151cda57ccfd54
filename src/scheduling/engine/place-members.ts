import type { TopologyAsk } from "./model.ts";
import { levelIndex, type Topology } from "./topology.ts";

/** How many members go to which node (by its index in the pool). */
export interface NodeShare {
  readonly node: number;
  readonly members: number;
}

/** What is asked of a pool: `min` members at least, up to `max`. */
export interface MembersAsk {
  readonly min: number;
  readonly max: number;
  readonly topology: TopologyAsk | null;
}

/** A range of nodes that forms one domain; `level` is its place in the tree, -1 for the whole pool. */
interface Domain {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** Counts slots of ranges in units that respect the slices. */
interface Counter {
  readonly topology: Topology;
  /** Sums of slots: `sums[i]` is what the nodes before i hold. */
  readonly sums: Float64Array;
  readonly sliceLevel: number;
  readonly sliceSize: number;
}

/**
 * Places members on nodes with so many free slots each: all of them, or as many as fit down to `min`, or none.
 *
 * Takes the smallest domain that holds them; inside it fills the fewest children, the last one being the tightest that
 * holds the rest, so that wide holes survive (as Kueue's BestFit). Ties go to the first in the order of domains.
 *
 * @param slots free slots per node, in the order of the tree.
 * @returns shares in node order, or null when fewer than `min` fit as asked.
 */
export function placeMembers(
  topology: Topology,
  slots: ArrayLike<number>,
  ask: MembersAsk,
): readonly NodeShare[] | null {
  const counter = counterOf(topology, slots, ask);
  const found = findDomain(counter, slots.length, ask);
  if (found === null) return null;
  const shares: NodeShare[] = [];
  distribute(counter, found.domain, found.members, shares);
  return shares.toSorted((left, right) => left.node - right.node);
}

function counterOf(topology: Topology, slots: ArrayLike<number>, { max, topology: ask }: MembersAsk): Counter {
  const sums = new Float64Array(slots.length + 1);
  for (let node = 0; node < slots.length; node += 1)
    sums[node + 1] = (sums[node] ?? 0) + Math.min(max, slots[node] ?? 0);
  const slice = ask?.slice;
  const sliceLevel = slice === undefined ? -1 : levelIndex(topology, slice.level);
  return { topology, sums, sliceLevel, sliceSize: sliceLevel === -1 ? 1 : (slice?.size ?? 1) };
}

/** How many members the domain holds: whole slices only, down to the level of the slices. */
function capacity({ topology, sums, sliceLevel, sliceSize }: Counter, { level, from, to }: Domain): number {
  if (sliceSize === 1 || level > sliceLevel) return (sums[to] ?? 0) - (sums[from] ?? 0);
  const { bounds } = topology.levels[sliceLevel] ?? { bounds: new Int32Array() };
  let total = 0;
  for (let domain = firstAtOrAfter(bounds, from); (bounds[domain] ?? to) < to; domain += 1) {
    const held = (sums[bounds[domain + 1] ?? to] ?? 0) - (sums[bounds[domain] ?? 0] ?? 0);
    total += Math.floor(held / sliceSize) * sliceSize;
  }
  return total;
}

/** The first bound that is not below `value`. */
function firstAtOrAfter(bounds: Int32Array, value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function findDomain(
  counter: Counter,
  nodes: number,
  ask: MembersAsk,
): { readonly domain: Domain; readonly members: number } | null {
  const { required, preferred } = ask.topology ?? {};
  const widest = required === undefined ? -1 : levelIndex(counter.topology, required);
  if (required !== undefined && widest === -1) return null;
  const narrowest = preferred === undefined ? widest : Math.max(widest, levelIndex(counter.topology, preferred));
  for (let level = narrowest; level >= widest; level -= 1) {
    const domain = tightest(counter, domainsOf(counter.topology, level, nodes), ask.max);
    if (domain !== null) return { domain, members: ask.max };
  }
  if (ask.min === ask.max) return null;
  const domain = largest(counter, domainsOf(counter.topology, widest, nodes));
  if (domain === null) return null;
  const held = Math.floor(Math.min(capacity(counter, domain), ask.max) / counter.sliceSize) * counter.sliceSize;
  return held >= ask.min ? { domain, members: held } : null;
}

function domainsOf(topology: Topology, level: number, nodes: number): readonly Domain[] {
  if (level === -1) return [{ level, from: 0, to: nodes }];
  const { bounds } = topology.levels[level] ?? { bounds: new Int32Array() };
  return Array.from({ length: Math.max(0, bounds.length - 1) }, (_, index) => ({
    level,
    from: bounds[index] ?? 0,
    to: bounds[index + 1] ?? 0,
  }));
}

function childrenOf(topology: Topology, { level, from, to }: Domain): readonly Domain[] {
  const { bounds } = topology.levels[level + 1] ?? { bounds: new Int32Array() };
  const children: Domain[] = [];
  for (let index = firstAtOrAfter(bounds, from); (bounds[index] ?? to) < to; index += 1) {
    children.push({ level: level + 1, from: bounds[index] ?? 0, to: bounds[index + 1] ?? to });
  }
  return children;
}

/** The domain that holds `members` and least more. */
function tightest(counter: Counter, domains: readonly Domain[], members: number): Domain | null {
  let best: Domain | null = null;
  let bestHeld = Number.POSITIVE_INFINITY;
  for (const domain of domains) {
    const held = capacity(counter, domain);
    if (held < members || held >= bestHeld) continue;
    best = domain;
    bestHeld = held;
  }
  return best;
}

function largest(counter: Counter, domains: readonly Domain[]): Domain | null {
  let best: Domain | null = null;
  let bestHeld = 0;
  for (const domain of domains) {
    const held = capacity(counter, domain);
    if (held <= bestHeld) continue;
    best = domain;
    bestHeld = held;
  }
  return best;
}

/** Spreads members over the children of a domain that holds them, down to the nodes. */
function distribute(counter: Counter, domain: Domain, members: number, shares: NodeShare[]): void {
  if (members === 0) return;
  if (domain.level === counter.topology.levels.length - 1) {
    shares.push({ node: domain.from, members });
    return;
  }
  let left = members;
  // A child that splits a slice may not do so: below the level of the slices any number goes.
  const caps = childrenOf(counter.topology, domain)
    .map((child) => ({ child, held: capacity(counter, child) }))
    .filter(({ held }) => held > 0)
    .toSorted((a, b) => b.held - a.held || a.child.from - b.child.from);
  const used = new Set<Domain>();
  while (left > 0) {
    const open = caps.filter(({ child }) => !used.has(child));
    const last = open.findLast(({ held }) => held >= left) ?? open[0];
    if (last === undefined) return;
    const taken = Math.min(left, last.held);
    used.add(last.child);
    distribute(counter, last.child, taken, shares);
    left -= taken;
  }
}
