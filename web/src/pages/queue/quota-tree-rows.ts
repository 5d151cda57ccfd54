import type { QuotaUse, ResourceUse } from "../../../../src/scheduling/live/model.ts";
import { type QuotaBar, quotaBar } from "../../charts/quota-bar.ts";
import { resourceRank } from "../../words/quota-words.ts";

/** A resource that a quota speaks of, at one node of the tree, with its bar. */
export interface QuotaLine {
  readonly use: ResourceUse;
  /** All that is its own, what those below it have included. */
  readonly own: number;
  readonly bar: QuotaBar;
  /** Whether it stands at the top, where there is nobody to borrow from. */
  readonly isTop: boolean;
}

/** A node of the quota tree with how deep it stands. */
export interface QuotaTreeRow {
  readonly use: QuotaUse;
  /** 0 at the top. */
  readonly depth: number;
  /** Those that wait in it and in all below it. */
  readonly waiting: number;
  /** GPUs first. */
  readonly lines: readonly QuotaLine[];
  /** What it uses and no quota speaks of. */
  readonly open: readonly ResourceUse[];
}

type Children = ReadonlyMap<string | null, readonly QuotaUse[]>;

/**
 * The quota tree from the top down, each node before those below it, neighbours by name. Nodes whose parent is not
 * shown (the reader may not see it) stand at the top.
 */
export function quotaTreeRows(nodes: readonly QuotaUse[]): readonly QuotaTreeRow[] {
  const known = new Set(nodes.map((node) => node.id));
  const children = Map.groupBy(nodes, ({ id, parent }) =>
    parent !== null && parent !== id && known.has(parent) ? parent : null,
  );
  const named = new Set(nodes.flatMap((node) => node.resources.filter(isNamed).map((each) => each.resource)));
  const below = (parent: QuotaTreeRow | null): readonly QuotaTreeRow[] =>
    (children.get(parent?.use.id ?? null) ?? [])
      .toSorted((left, right) => (left.id < right.id ? -1 : 1))
      .flatMap((use) => {
        const row = toRow(use, parent, children, named);
        return [row, ...below(row)];
      });
  return below(null);
}

/** Whether a quota gives some of it to the node or to one below it. */
function isNamed({ nominal, subtree, borrowingLimit }: ResourceUse): boolean {
  return nominal !== null && (nominal > 0 || subtree > 0 || borrowingLimit !== null);
}

function toRow(
  use: QuotaUse,
  parent: QuotaTreeRow | null,
  children: Children,
  named: ReadonlySet<string>,
): QuotaTreeRow {
  const isOpen = ({ nominal, resource }: ResourceUse): boolean => nominal === null || !named.has(resource);
  const lines = use.resources
    .filter((each) => !isOpen(each))
    .map((each): QuotaLine => {
      const own = ownOf(use, each.resource, children);
      const above = parent?.lines.find((line) => line.use.resource === each.resource);
      return { use: each, own, bar: quotaBar({ ...each, own }, above?.bar.max ?? 0), isTop: use.parent === null };
    })
    .filter((line) => line.own > 0 || line.use.used > 0)
    .toSorted((left, right) => resourceRank(left.use.resource) - resourceRank(right.use.resource));
  return {
    use,
    depth: parent === null ? 0 : parent.depth + 1,
    waiting: waitingIn(use, children),
    lines,
    open: withoutSums(use.resources).filter((each) => isOpen(each) && each.used > 0),
  };
}

/** GPUs of any model are the sum of those of each model, which may have quotas: they are told apart where both are. */
function withoutSums(uses: readonly ResourceUse[]): readonly ResourceUse[] {
  const hasModels = uses.some(({ resource }) => resource.startsWith("gpu:"));
  return hasModels ? uses.filter(({ resource }) => resource !== "gpu") : uses;
}

/**
 * All that a node and those below it have of a resource. `subtree` is less where a node below keeps some for itself
 * (its lending limit), while `used` counts what it uses of that too.
 */
function ownOf(use: QuotaUse, resource: string, children: Children): number {
  const nominal = use.resources.find((each) => each.resource === resource)?.nominal ?? 0;
  return (children.get(use.id) ?? []).reduce((sum, child) => sum + ownOf(child, resource, children), nominal);
}

function waitingIn(use: QuotaUse, children: Children): number {
  return (children.get(use.id) ?? []).reduce((sum, child) => sum + waitingIn(child, children), use.waiting);
}

/** Whether any quota was declared: without one, everything is everybody's. */
export function isQuotaDeclared(nodes: readonly QuotaUse[]): boolean {
  return nodes.some((node) => node.resources.some(isNamed));
}
