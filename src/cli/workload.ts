import type { Millis } from "../base/clock.ts";
import type { KindDefinition } from "../platform/resource.ts";
import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { exitCodes } from "./exit-code.ts";
import { readField, readText } from "./field-path.ts";
import { findItem, type Item, listItems, nameOf, projectOf, toItem, toItems } from "./item.ts";
import { allNouns, findNoun, type Noun } from "./noun.ts";
import type { Target } from "./target.ts";

/** Between two looks at a resource whose workload has not been made yet. */
export const workloadPollMs: Millis = 500;

/** What a bare name means when no workload belongs to it yet. */
const usualOwner = "TrainingJob";

const endStates: ReadonlySet<string> = new Set(["succeeded", "failed", "cancelled"]);

/** What a target stands for: the resource (null when a workload was named) and its newest workload, if there is one. */
export interface WorkloadOwner {
  readonly owner: { readonly noun: Noun; readonly item: Item } | null;
  readonly workload: Item | undefined;
}

/** Finds the workload that a target means: itself, or the newest one of the resource that is named. */
export async function findWorkload(
  context: CommandContext,
  client: ApiClient,
  target: Target,
  kinds: readonly KindDefinition[],
): Promise<WorkloadOwner> {
  const nouns = allNouns(kinds);
  const workloads = findNoun("workload", nouns);
  const noun = target.kind === null ? undefined : findNoun(target.kind, nouns);
  if (noun?.kind === workloads.kind) {
    return { owner: null, workload: await findItem(client, workloads, target.name, context.project, context.signal) };
  }
  if (noun !== undefined) {
    const item = await findItem(client, noun, target.name, context.project, context.signal);
    return { owner: { noun, item }, workload: await newestWorkloadOf(client, noun, item, context.signal) };
  }
  const all = await listItems(client, workloads, context.project, context.signal);
  const called = all.find((workload) => nameOf(workload) === target.name);
  if (called !== undefined) return { owner: null, workload: called };
  const owned = newestOf(all.filter((workload) => readField(workload, "owner.name") === target.name));
  const kind = readText(owned, "owner.kind", usualOwner);
  return findWorkload(context, client, { kind, name: target.name }, kinds);
}

/** Where a workload's own routes lie. */
export function workloadPath(workload: Item): string {
  return `/api/v1/projects/${encodeURIComponent(projectOf(workload) ?? "default")}/workloads/${encodeURIComponent(nameOf(workload))}`;
}

/** Reads a workload again. */
export async function readWorkload(client: ApiClient, workload: Item, signal: AbortSignal): Promise<Item> {
  return toItem(await client.get(workloadPath(workload), {}, signal));
}

/** Whether a workload has come to its end. */
export function hasEnded(workload: Item): boolean {
  return endStates.has(String(workload["state"]));
}

/** The exit code that a command passes on for a workload: the task's own, where it has one. */
export function exitCodeOfWorkload(workload: Item): number {
  if (workload["state"] === "succeeded") return exitCodes.ok;
  const code = readField(workload, "outcome.exitCode");
  return typeof code === "number" && code > 0 && code < 256 ? code : exitCodes.failed;
}

/** How a workload ended, in words; undefined while it goes on. */
export function outcomeOf(workload: Item): string | undefined {
  if (!hasEnded(workload)) return undefined;
  const message = readField(workload, "outcome.message");
  return typeof message === "string" && message !== ""
    ? `${String(workload["state"])}: ${message}`
    : String(workload["state"]);
}

async function newestWorkloadOf(
  client: ApiClient,
  noun: Noun,
  item: Item,
  signal: AbortSignal,
): Promise<Item | undefined> {
  const project = encodeURIComponent(projectOf(item) ?? "default");
  const owner = `${noun.kind}/${nameOf(item)}`;
  return newestOf(toItems(await client.get(`/api/v1/projects/${project}/workloads`, { owner }, signal)));
}

function newestOf(workloads: readonly Item[]): Item | undefined {
  return [...workloads].sort((left, right) => Number(right["queuedAt"] ?? 0) - Number(left["queuedAt"] ?? 0))[0];
}
