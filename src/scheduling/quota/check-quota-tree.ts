import type { QuotaLimits, QuotaNode, QuotaViolation } from "./model.ts";
import { toAmount, toQuantity } from "./quantity.ts";

/** The most nodes in a tree. */
const nodesMax = 20_000;
/** The most levels from a root to a queue. */
const depthMax = 16;
/** The most resources that one node names. */
const resourcesMax = 200;
/** The largest amount: whole numbers are exact up to here. */
const amountMax = Number.MAX_SAFE_INTEGER;
const weightMax = 1_000_000;

/**
 * Finds what is wrong with a quota tree; empty when nothing is.
 *
 * That children have more nominal quota than their parent is no violation: quota is additive. A node lends at most what
 * its subtree holds, so for a queue at most its nominal quota. Cost: linear in the nodes.
 */
export function checkQuotaTree(nodes: readonly QuotaNode[]): readonly QuotaViolation[] {
  if (nodes.length > nodesMax) {
    const message = `a quota tree holds at most ${nodesMax} nodes and this one has ${nodes.length}; merge some`;
    return [{ code: "too-large", node: nodes[0]?.id ?? "", message }];
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const violations = [...findDuplicates(nodes), ...nodes.flatMap((node) => checkNode(node, byId))];
  const depths = violations.length > 0 ? null : new Map<string, number>();
  if (depths === null) return violations;
  for (const node of nodes) violations.push(...checkDepth(node, byId, depths));
  if (violations.length > 0) return violations;
  return [...checkLending(nodes, depths), ...checkModels(nodes)];
}

function* findDuplicates(nodes: readonly QuotaNode[]): Iterable<QuotaViolation> {
  const seen = new Set<string>();
  for (const { id } of nodes) {
    if (seen.has(id)) {
      yield { code: "duplicate", node: id, message: `${id} stands in the quota tree twice; keep one of the two` };
    }
    seen.add(id);
  }
}

function checkNode(node: QuotaNode, byId: ReadonlyMap<string, QuotaNode>): readonly QuotaViolation[] {
  const violations: QuotaViolation[] = [];
  if (node.parent !== null && !byId.has(node.parent)) {
    const message = `${node.id} has the parent ${node.parent}, which is not in the quota tree; name one that is, or none`;
    violations.push({ code: "unknown-parent", node: node.id, message });
  }
  if (!(node.weight > 0 && node.weight <= weightMax)) {
    const message = `${node.id} has the weight ${node.weight}; write a number above 0 and at most ${weightMax}`;
    violations.push({ code: "bad-weight", node: node.id, message });
  }
  const resources = Object.entries(node.resources);
  if (resources.length > resourcesMax) {
    const message = `${node.id} names ${resources.length} resources; a node names at most ${resourcesMax}`;
    violations.push({ code: "too-large", node: node.id, message });
  }
  for (const [key, limits] of resources) violations.push(...checkLimits(node.id, key, limits));
  return violations;
}

function* checkLimits(node: string, key: string, limits: QuotaLimits): Iterable<QuotaViolation> {
  for (const name of ["nominal", "borrowingLimit", "lendingLimit"] as const) {
    const amount = limits[name];
    if (amount === null || (Number.isInteger(amount) && amount >= 0 && amount <= amountMax)) continue;
    const message = `${node} has the ${name} ${amount} of ${key}; write a whole number from 0 to ${amountMax}`;
    yield { code: "bad-amount", node, message };
  }
}

/** Walks up until a node whose depth is known; every node is walked over twice at most. */
function checkDepth(
  start: QuotaNode,
  byId: ReadonlyMap<string, QuotaNode>,
  depths: Map<string, number>,
): readonly QuotaViolation[] {
  const path: QuotaNode[] = [];
  const onPath = new Set<string>();
  let node: QuotaNode | undefined = start;
  while (node !== undefined && !depths.has(node.id)) {
    if (onPath.has(node.id)) {
      const ring = path.slice(path.indexOf(node)).map((each) => each.id);
      for (const each of path) depths.set(each.id, 0);
      const message = `${[...ring, node.id].join(" is below ")}: a quota tree has no rings; give one of them another parent`;
      return [{ code: "cycle", node: node.id, message }];
    }
    path.push(node);
    onPath.add(node.id);
    node = node.parent === null ? undefined : byId.get(node.parent);
  }
  let depth = node === undefined ? 0 : (depths.get(node.id) ?? 0);
  for (const each of path.toReversed()) {
    depth += 1;
    depths.set(each.id, depth);
  }
  if (path.length === 0 || depth <= depthMax) return [];
  const message = `${start.id} stands ${depth} levels deep; a quota tree has at most ${depthMax}, so move it up`;
  return [{ code: "too-deep", node: start.id, message }];
}

function checkLending(nodes: readonly QuotaNode[], depths: ReadonlyMap<string, number>): readonly QuotaViolation[] {
  const violations: QuotaViolation[] = [];
  const lent = new Map<string, Map<string, number>>();
  const deepestFirst = nodes.toSorted((left, right) => (depths.get(right.id) ?? 0) - (depths.get(left.id) ?? 0));
  for (const node of deepestFirst) {
    const fromChildren = lent.get(node.id) ?? new Map<string, number>();
    for (const key of new Set([...Object.keys(node.resources), ...fromChildren.keys()])) {
      const limits = node.resources[key];
      const subtree = (limits?.nominal ?? 0) + (fromChildren.get(key) ?? 0);
      const lendingLimit = limits?.lendingLimit ?? null;
      if (lendingLimit !== null && lendingLimit > subtree) {
        const message = `${node.id} lends up to ${toQuantity(key, lendingLimit)} and has ${toAmount(key, subtree)}; lower the lending limit to that, or raise the nominal quota`;
        violations.push({ code: "lends-too-much", node: node.id, message });
      }
      if (subtree > amountMax) {
        const message = `${node.id} and what is below it have ${subtree} of ${key}, more than can be counted; lower the nominal quotas`;
        violations.push({ code: "bad-amount", node: node.id, message });
      }
      if (node.parent === null) continue;
      const above = lent.get(node.parent) ?? new Map<string, number>();
      lent.set(node.parent, above.set(key, (above.get(key) ?? 0) + Math.min(subtree, lendingLimit ?? subtree)));
    }
  }
  return violations;
}

/** Where quotas also count GPUs of any model, a quota of one model is a promise only as far as that of any goes along. */
function* checkModels(nodes: readonly QuotaNode[]): Iterable<QuotaViolation> {
  const counting = nodes.find((node) => node.resources["gpu"] !== undefined);
  if (counting === undefined) return;
  const parents = new Set(nodes.map((node) => node.parent));
  for (const { id, parent, resources } of nodes) {
    // What a root has beyond its children promises nothing to anybody.
    if (parent === null && parents.has(id)) continue;
    const ofModels = Object.keys(resources).filter((key) => key.startsWith("gpu:"));
    const sum = ofModels.reduce((total, key) => total + (resources[key]?.nominal ?? 0), 0);
    const ofAny = resources["gpu"]?.nominal ?? 0;
    if (sum <= ofAny) continue;
    const [models, any] = [toAmount("gpu", sum), toAmount("gpu", ofAny)];
    const message = `${id} has ${models} GPUs of named models but ${any} of any model, and these count too since ${counting.id} speaks of them; raise ${id}'s quota of any model to ${models}`;
    yield { code: "models-exceed-any", node: id, message };
  }
}
