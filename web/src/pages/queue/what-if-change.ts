import { editWords } from "./tried-edit.ts";
import { quotaAmounts } from "./quota-amounts.ts";

/** A workload that a change submits: as much of it as differs from the defaults. */
type Submission = Readonly<Record<string, unknown>> & { readonly name: string };

/** Changes that are tried out together, in the form that `POST /api/v1/whatif` takes. */
export interface TriedChange {
  readonly addNodes?: readonly { readonly pool: string; readonly count: number }[];
  readonly drain?: readonly { readonly pool: string; readonly nodes: readonly string[] }[];
  /** Nodes that are gone at once, with what runs there. */
  readonly remove?: readonly { readonly pool: string; readonly nodes: readonly string[] }[];
  readonly quotas?: readonly { readonly name: string; readonly spec: Readonly<Record<string, unknown>> }[];
  readonly priorities?: readonly { readonly id: string; readonly priority: number }[];
  /** Other values of single fields of workloads that wait, as an explanation proposes them. */
  readonly edits?: readonly { readonly id: string; readonly field: string; readonly to: unknown }[];
  readonly cancel?: readonly string[];
  readonly submit?: readonly Submission[];
}

const sorts = ["addNodes", "drain", "remove", "quotas", "priorities", "edits", "cancel", "submit"] as const;
type ChangeSort = (typeof sorts)[number];

/** Reads changes from the page's address; null where it has none, or what is there is no JSON object. */
export function parseChange(text: string | undefined): TriedChange | null {
  if (text === undefined || text === "") return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const known = Object.entries(value).filter(
      ([sort, list]) => sorts.some((each) => each === sort) && Array.isArray(list) && list.length > 0,
    );
    return known.length === 0 ? null : (Object.fromEntries(known) as TriedChange);
  } catch {
    return null;
  }
}

/** Changes as the page's address holds them; null for none. */
export function writeChange(change: TriedChange): string | null {
  const filled = Object.entries(change).filter(([, list]) => Array.isArray(list) && list.length > 0);
  return filled.length === 0 ? null : JSON.stringify(Object.fromEntries(filled));
}

/** Both changes, those of `more` after those of `change`. */
export function joinChanges(change: TriedChange | null, more: TriedChange): TriedChange {
  return {
    addNodes: [...(change?.addNodes ?? []), ...(more.addNodes ?? [])],
    drain: [...(change?.drain ?? []), ...(more.drain ?? [])],
    remove: [...(change?.remove ?? []), ...(more.remove ?? [])],
    quotas: [...(change?.quotas ?? []), ...(more.quotas ?? [])],
    priorities: [...(change?.priorities ?? []), ...(more.priorities ?? [])],
    edits: [...(change?.edits ?? []), ...(more.edits ?? [])],
    cancel: [...(change?.cancel ?? []), ...(more.cancel ?? [])],
    submit: [...(change?.submit ?? []), ...(more.submit ?? [])],
  };
}

/** The changes without one of them. */
export function withoutChange(change: TriedChange, { sort, index }: ChangeLine): TriedChange {
  return { ...change, [sort]: (change[sort] ?? []).filter((_, place) => place !== index) };
}

/** One of several changes, in words. */
export interface ChangeLine {
  readonly sort: ChangeSort;
  readonly index: number;
  readonly words: string;
}

/** Every change as a sentence. */
export function changeLines(change: TriedChange, nameOf: (id: string) => string): readonly ChangeLine[] {
  const words: Readonly<Record<ChangeSort, readonly string[]>> = {
    addNodes: (change.addNodes ?? []).map(
      ({ pool, count }) => `Add ${count} more ${count === 1 ? "node" : "nodes"} to pool ${pool}`,
    ),
    drain: (change.drain ?? []).map(({ pool, nodes }) => `Drain ${nodes.join(", ")} of pool ${pool}`),
    remove: (change.remove ?? []).map(({ pool, nodes }) => `Lose ${nodes.join(", ")} of pool ${pool}`),
    quotas: (change.quotas ?? []).map(({ name, spec }) => `Quota ${name}: ${quotaWords(spec)}`),
    priorities: (change.priorities ?? []).map(({ id, priority }) => `Give ${nameOf(id)} priority ${priority}`),
    edits: (change.edits ?? []).map((edit) => `Let ${nameOf(edit.id)} ${editWords(edit)}`),
    cancel: (change.cancel ?? []).map((id) => `Take ${nameOf(id)} out of the queue`),
    submit: (change.submit ?? []).map(({ name, ...asked }) => `Submit ${name} with ${submissionWords(asked)}`),
  };
  return sorts.flatMap((sort) => words[sort].map((each, index) => ({ sort, index, words: each })));
}

function submissionWords(asked: Readonly<Record<string, unknown>>): string {
  return ["gpus", "gpuModel", "members", "pools", "cpus", "memory", "limit", "priority"]
    .flatMap((field) => (asked[field] === undefined ? [] : [`${field} ${String(asked[field])}`]))
    .join(", ");
}

function quotaWords(spec: Readonly<Record<string, unknown>>): string {
  const amounts = quotaAmounts(spec).map(({ label, nominal }) => `${nominal} ${label}`);
  return amounts.length === 0 ? "nothing of its own" : `${amounts.join(", ")} of its own`;
}
