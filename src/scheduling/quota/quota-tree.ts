import type { Instant, Millis } from "../../base/clock.ts";
import { type Account, openAccount } from "./account.ts";
import { checkQuotaTree } from "./check-quota-tree.ts";
import type { Amounts, QuotaLimits, QuotaNode, QuotaPolicies, ResourceKey } from "./model.ts";

/** How fair shares are measured. */
export interface FairShareSettings {
  /** All there is of each resource, for trees that declare no quota. */
  readonly capacity: Amounts;
  /** After this time, past use weighs half. */
  readonly halfLifeMs: Millis;
  /** How much the past weighs beside the present, which weighs 1; 0 forgets at once. */
  readonly historyWeight: number;
}

/** One resource in a node's share: what it holds of `base`. */
interface ShareTerm {
  readonly account: Account;
  readonly base: { amount: number };
  /** Whether the base is all there is, so that everything held counts; otherwise only what is borrowed counts. */
  readonly isOfCapacity: boolean;
}

/** A node of the tree while it is used: its place, its books, its share and its waiting children. */
export interface TreeNode {
  readonly id: string;
  /** Null only for the top, which stands above all roots and has no books. */
  readonly parent: TreeNode | null;
  readonly depth: number;
  /** The place of the id among all ids: breaks ties. */
  readonly ordinal: number;
  readonly weight: number;
  readonly policies: QuotaPolicies;
  readonly isQueue: boolean;
  readonly accounts: Map<ResourceKey, Account>;
  /** Whether the node's children share a quota that somebody declared, or only the capacity. */
  sharesQuota: boolean;
  readonly terms: ShareTerm[];
  /** The share by what is held since `settledAt`; wrong while `isStale`. */
  share: number;
  isStale: boolean;
  /** The decayed average of `share` up to `settledAt`. */
  average: number;
  settledAt: Instant;
  /** Whether it is in the tree's list of nodes whose place among its siblings is to be found anew. */
  isMoved: boolean;
  /** Children that have something to serve, as a binary heap, the next to serve first. */
  readonly waiting: TreeNode[];
  /** The instant for which the children's scores were computed. */
  scoredFor: Instant;
  /** Where it stands in its parent's `waiting`; -1 when it does not. */
  place: number;
  isWithinOwn: boolean;
  score: number;
}

/** What a rollback takes back. */
export type JournalEntry =
  | {
      readonly kind: "usage";
      readonly queue: TreeNode;
      readonly amounts: Amounts;
      readonly sign: 1 | -1;
      /** Average and settling time of each node from the queue up, before. */
      readonly history: readonly number[];
    }
  | { readonly kind: "waiting"; readonly queue: TreeNode; readonly wasWaiting: boolean };

/** A quota tree in use. Its functions change it in place; one owner at a time. */
export interface QuotaTree {
  readonly nodes: ReadonlyMap<string, TreeNode>;
  readonly top: TreeNode;
  readonly capacity: Map<ResourceKey, { amount: number }>;
  /** The resources that some node below a root has a quota of its own of: only these can be lent and taken back. */
  readonly guaranteed: ReadonlySet<ResourceKey>;
  readonly settings: FairShareSettings;
  readonly moved: TreeNode[];
  readonly journal: JournalEntry[];
  openCheckpoints: number;
}

const noLimits: QuotaLimits = { nominal: 0, borrowingLimit: null, lendingLimit: null };

/**
 * Makes a quota tree ready for use, with nothing used. Cost: linear in nodes × resources × depth; once per change of
 * the declared quotas.
 *
 * @throws {RangeError} when `checkQuotaTree` finds violations, or a setting is out of range: check first.
 */
export function openQuotaTree(nodes: readonly QuotaNode[], settings: FairShareSettings): QuotaTree {
  const [violation] = checkQuotaTree(nodes);
  if (violation !== undefined) throw new RangeError(violation.message);
  if (!(settings.halfLifeMs > 0) || !(settings.historyWeight >= 0)) {
    throw new RangeError("wanted a half-life above 0 and a history weight of at least 0");
  }
  const top = openNode({ id: "", weight: 1, policies: { reclaim: "never", preempt: "never" } }, null, -1, false);
  const opened = new Map<string, TreeNode>();
  const tree: QuotaTree = {
    nodes: opened,
    top,
    capacity: new Map(),
    guaranteed: guaranteedKeys(nodes),
    settings,
    moved: [],
    journal: [],
    openCheckpoints: 0,
  };
  noteCapacity(tree, settings.capacity);
  const parents = new Set(nodes.map((node) => node.parent));
  const ordinals = new Map(
    nodes
      .map((node) => node.id)
      .toSorted()
      .map((id, ordinal) => [id, ordinal]),
  );
  const topDown = orderTopDown(nodes);
  const subtrees = addUpSubtrees(topDown);
  const named = new Map<string, ReadonlySet<ResourceKey>>();
  for (const node of topDown) {
    const parent = node.parent === null ? top : nodeOf(tree, node.parent);
    const onPath = new Set([...Object.keys(node.resources), ...(named.get(node.parent ?? "") ?? [])]);
    named.set(node.id, onPath);
    const state = openNode(node, parent, ordinals.get(node.id) ?? 0, !parents.has(node.id));
    opened.set(node.id, state);
    const ownSubtree = subtrees.get(node.id) ?? new Map<ResourceKey, number>();
    for (const key of new Set([...onPath, ...ownSubtree.keys()])) {
      addAccount(tree, state, key, node.resources[key] ?? noLimits, ownSubtree.get(key) ?? 0, false);
    }
    state.sharesQuota = [...state.accounts.values()].some((account) => account.ceiling > 0);
  }
  return tree;
}

/**
 * The node of an id.
 *
 * @throws {RangeError} when the tree has none.
 */
export function nodeOf(tree: QuotaTree, id: string): TreeNode {
  const node = tree.nodes.get(id);
  if (node === undefined) throw new RangeError(`the quota tree has no node ${id}`);
  return node;
}

/** A queue's account of a resource; opened outside quota when nothing names the resource on the queue's path. */
export function accountOf(tree: QuotaTree, node: TreeNode, key: ResourceKey): Account {
  const found = node.accounts.get(key);
  if (found !== undefined) return found;
  if (node.parent !== null && node.parent !== tree.top) accountOf(tree, node.parent, key);
  return addAccount(tree, node, key, noLimits, 0, node.isQueue);
}

/** Notes how much there is of each resource; shares are not told. */
export function noteCapacity(tree: QuotaTree, capacity: Amounts): void {
  for (const cell of tree.capacity.values()) cell.amount = 0;
  for (const [key, amount] of Object.entries(capacity)) capacityCell(tree, key).amount = amount;
}

/** Notes that a node's share has changed, so that its place among its siblings is found anew before it is asked for. */
export function markMoved(tree: QuotaTree, node: TreeNode): void {
  node.isStale = true;
  if (node.isMoved) return;
  node.isMoved = true;
  tree.moved.push(node);
}

function openNode(
  fixed: Pick<QuotaNode, "id" | "weight" | "policies">,
  parent: TreeNode | null,
  ordinal: number,
  isQueue: boolean,
): TreeNode {
  return {
    id: fixed.id,
    parent,
    depth: parent === null ? 0 : parent.depth + 1,
    ordinal,
    weight: fixed.weight,
    policies: fixed.policies,
    isQueue,
    accounts: new Map(),
    sharesQuota: false,
    terms: [],
    share: 0,
    isStale: false,
    average: 0,
    settledAt: -Infinity,
    isMoved: false,
    waiting: [],
    scoredFor: Number.NaN,
    place: -1,
    isWithinOwn: false,
    score: 0,
  };
}

function addAccount(
  tree: QuotaTree,
  node: TreeNode,
  key: ResourceKey,
  limits: QuotaLimits,
  subtree: number,
  isOpen: boolean,
): Account {
  const above = node.parent?.accounts.get(key);
  const account = openAccount({ node: node.id, key, parent: above ?? null, limits, isOpen, subtree });
  node.accounts.set(key, account);
  if (node.parent?.sharesQuota !== true) {
    node.terms.push({ account, base: capacityCell(tree, key), isOfCapacity: true });
  } else if (above !== undefined && above.ceiling > 0) {
    node.terms.push({ account, base: { amount: above.ceiling }, isOfCapacity: false });
  }
  return account;
}

function capacityCell(tree: QuotaTree, key: ResourceKey): { amount: number } {
  const found = tree.capacity.get(key);
  if (found !== undefined) return found;
  const cell = { amount: 0 };
  tree.capacity.set(key, cell);
  return cell;
}

/** A lone root counts as what it is: a queue with a quota of its own. */
function guaranteedKeys(nodes: readonly QuotaNode[]): ReadonlySet<ResourceKey> {
  const parents = new Set(nodes.map((node) => node.parent));
  const keys = new Set<ResourceKey>();
  for (const { id, parent, resources } of nodes) {
    if (parent === null && parents.has(id)) continue;
    for (const [key, limits] of Object.entries(resources)) if (limits.nominal > 0) keys.add(key);
  }
  return keys;
}

function orderTopDown(nodes: readonly QuotaNode[]): readonly QuotaNode[] {
  const children = Map.groupBy(nodes, (node) => node.parent);
  const order: QuotaNode[] = [...(children.get(null) ?? [])];
  // The list grows while it is walked: children stand behind their parents.
  for (const node of order) order.push(...(children.get(node.id) ?? []));
  return order;
}

/** Each node's subtree quota: its nominal quota plus what its children lend. */
function addUpSubtrees(topDown: readonly QuotaNode[]): ReadonlyMap<string, ReadonlyMap<ResourceKey, number>> {
  const subtrees = new Map<string, Map<ResourceKey, number>>(
    topDown.map((node) => [node.id, new Map(Object.entries(node.resources).map(([key, each]) => [key, each.nominal]))]),
  );
  for (const node of topDown.toReversed()) {
    const above = node.parent === null ? undefined : subtrees.get(node.parent);
    if (above === undefined) continue;
    for (const [key, subtree] of subtrees.get(node.id) ?? []) {
      const lent = Math.min(subtree, node.resources[key]?.lendingLimit ?? subtree);
      above.set(key, (above.get(key) ?? 0) + lent);
    }
  }
  return subtrees;
}
