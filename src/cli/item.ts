import { Fault } from "../base/fault.ts";
import type { ApiClient } from "./api-client.ts";
import { type Noun, singularOf } from "./noun.ts";
import { suggestWord } from "../base/suggestion.ts";

/** A resource or a row as the server sent it; only what identifies it is typed. */
export type Item = Readonly<Record<string, unknown>>;

/** The name of a resource, the id of a row. */
export function nameOf(item: Item): string {
  return String(item["name"] ?? item["id"] ?? "");
}

/** The project of an item; null for what belongs to the whole platform. */
export function projectOf(item: Item): string | null {
  return typeof item["project"] === "string" ? item["project"] : null;
}

/** Where one item lies. */
export function itemPath(noun: Noun, project: string | null, name: string): string {
  const inside = project === null || noun.scope === "platform" ? "" : `/projects/${encodeURIComponent(project)}`;
  return `/api/v1${inside}/${noun.plural}/${encodeURIComponent(name)}`;
}

/** Lists the items of a noun, in one project or in all that the caller may read. */
export async function listItems(
  client: ApiClient,
  noun: Noun,
  project: string | undefined,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  if (noun.isListedEverywhere) {
    const filter = noun.scope === "project" ? project : undefined;
    return toItems(await client.get(`/api/v1/${noun.plural}`, { project: filter }, signal));
  }
  const projects = project === undefined ? await projectNames(client, signal) : [project];
  const lists: Item[] = [];
  for (const each of projects) {
    lists.push(...toItems(await client.get(`/api/v1/projects/${encodeURIComponent(each)}/${noun.plural}`, {}, signal)));
  }
  return lists;
}

/**
 * Finds one item by name. Without a project it is looked for everywhere, and must be the only one of its name.
 *
 * @throws {Fault} `cli.argument-invalid` when several projects have one; `platform.resource-missing` when none has.
 */
export async function findItem(
  client: ApiClient,
  noun: Noun,
  name: string,
  project: string | undefined,
  signal: AbortSignal,
): Promise<Item> {
  if (noun.scope === "platform" || (project !== undefined && !noun.isRow)) {
    return toItem(await client.get(itemPath(noun, project ?? null, name), {}, signal));
  }
  const items = await listItems(client, noun, project, signal);
  const found = items.filter((item) => isCalled(item, name));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  throw first === undefined ? toMissing(noun, name, items) : toAmbiguous(noun, name, found);
}

/** Reads `{items: [...]}`. @throws {Fault} `cli.answer-invalid`. */
export function toItems(answer: unknown): readonly Item[] {
  return toList(answer, "items");
}

/** Reads the list of objects under `key`. @throws {Fault} `cli.answer-invalid`. */
export function toList(answer: unknown, key: string): readonly Item[] {
  const items = toItem(answer)[key];
  if (Array.isArray(items)) return items.map(toItem);
  throw new Fault("cli.answer-invalid", `the server answered no list of ${key}; is this program as new as the server?`);
}

/** Reads an object. @throws {Fault} `cli.answer-invalid`. */
export function toItem(answer: unknown): Item {
  if (typeof answer === "object" && answer !== null && !Array.isArray(answer)) return answer as Item;
  throw new Fault("cli.answer-invalid", "the server answered no object; is this program as new as the server?");
}

/** Model versions are also called by model and number: `flight-delay@2`. */
function isCalled(item: Item, name: string): boolean {
  return (
    nameOf(item) === name ||
    (typeof item["version"] === "number" && `${String(item["model"])}@${item["version"]}` === name)
  );
}

async function projectNames(client: ApiClient, signal: AbortSignal): Promise<readonly string[]> {
  return toItems(await client.get("/api/v1/projects", {}, signal)).map(nameOf);
}

function toMissing(noun: Noun, name: string, items: readonly Item[]): Fault {
  const suggestion = suggestWord(name, items.map(nameOf));
  const hint = suggestion === undefined ? `see: millwright get ${noun.plural}` : `did you mean "${suggestion}"?`;
  return new Fault("platform.resource-missing", `there is no ${singularOf(noun)} "${name}"; ${hint}`, {
    details: { kind: noun.kind, name },
  });
}

function toAmbiguous(noun: Noun, name: string, found: readonly Item[]): Fault {
  const projects = found.map((item) => projectOf(item) ?? "-").join(", ");
  const message = `${found.length} projects have a ${singularOf(noun)} "${name}" (${projects}); name one with --project`;
  return new Fault("cli.argument-invalid", message, { details: { kind: noun.kind, name, projects } });
}
