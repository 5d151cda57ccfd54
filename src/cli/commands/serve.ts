import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { stringify } from "yaml";
import type { Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import type { Manifest } from "../../platform/resource.ts";
import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { findItem, type Item, nameOf, projectOf, toItems } from "../item.ts";
import { allNouns, findNoun } from "../noun.ts";
import { serveExamples } from "../serve-examples.ts";
import { isAddress, type ServeFacts, serveManifest, type ServeOptions } from "../serve-manifest.ts";
import { listUpstreamModels } from "../upstream-models.ts";
import { isBehind } from "../wait-goal.ts";
import { sendManifests } from "./apply.ts";

/** Between two looks. */
const lookMs: Millis = 500;

/** The pool that is made when there is none: the server's own machine. */
const firstPool = { kind: "Pool", name: "local", spec: { role: "any" } };

export interface ServeInput extends ServeOptions {
  /** File with the model's config.json, for presets; absent: that in the model's own folder. */
  readonly config?: string;
  readonly timeout: string;
  readonly dryRun?: boolean;
}

/** From a model to an address that answers: writes a deployment, applies it, and waits until it serves. */
export async function serve(context: CommandContext, input: ServeInput): Promise<number> {
  const timeoutMs = parseDuration(input.timeout);
  const client = input.dryRun === true ? null : await context.connect();
  const { pool, isNew } =
    client === null ? { pool: input.pool ?? "local", isNew: false } : await poolOf(context, client, input);
  const options = await withUpstreamModel(context, input);
  const manifest = serveManifest(options, { ...(await factsOf(context, input)), pool });
  if (client === null) {
    if (context.format === "json") printJson(context, { dryRun: true, manifest });
    else context.terminal.print(stringify(manifest).trimEnd());
    return exitCodes.ok;
  }
  const applied = await sendManifests(
    client,
    isNew ? [firstPool as Manifest, manifest] : [manifest],
    false,
    context.signal,
  );
  for (const { outcome, kind, name } of applied) context.terminal.say(`${outcome} ${kind}/${name}`);
  const project = applied.at(-1)?.project ?? context.project;
  const served = await awaitServing({ ...context, project: project ?? undefined }, client, manifest.name, {
    timeoutMs,
    text: input.timeout,
  });
  return showServed(context, served, manifest);
}

/** The pool that was named, or the one that there is; without any pool, the server's own machine becomes one. */
async function poolOf(
  context: CommandContext,
  client: ApiClient,
  { pool, model }: ServeInput,
): Promise<{ readonly pool: string; readonly isNew: boolean }> {
  if (pool !== undefined || isAddress(model)) return { pool: pool ?? "", isNew: false };
  const names = toItems(await client.get("/api/v1/pools", {}, context.signal)).map(nameOf);
  const [only] = names;
  if (only === undefined) return { pool: firstPool.name, isNew: true };
  if (names.includes(firstPool.name)) return { pool: firstPool.name, isNew: false };
  if (names.length === 1) return { pool: only, isNew: false };
  throw new Fault("cli.argument-invalid", `in which pool? there are ${names.join(", ")}; name one with --pool`);
}

/** At an address that serves one model, its name need not be given. */
async function withUpstreamModel(context: CommandContext, input: ServeInput): Promise<ServeOptions> {
  if (!isAddress(input.model) || input.upstreamModel !== undefined) return input;
  const names = await listUpstreamModels(input.model, context.signal);
  const [only] = names;
  if (names.length === 1 && only !== undefined) return { ...input, upstreamModel: only };
  const found = names.length === 0 ? "it names none" : `it has ${names.slice(0, 20).join(", ")}`;
  throw new Fault("cli.argument-invalid", `which model of ${input.model}? ${found}; choose with --model`);
}

async function factsOf(context: CommandContext, input: ServeInput): Promise<Omit<ServeFacts, "pool">> {
  const { model, preset, config } = input;
  const isFile = !isAddress(model) && preset === undefined && /\.gguf$/i.test(model);
  return {
    project: context.project,
    gguf: isFile ? await ggufAt(resolve(model)) : null,
    config: preset === undefined ? null : await configAt(config ?? join(model, "config.json"), config !== undefined),
  };
}

async function ggufAt(path: string): Promise<ServeFacts["gguf"]> {
  try {
    return { path, bytes: (await stat(path)).size };
  } catch (cause) {
    throw new Fault("cli.file-unreadable", `cannot read the model "${path}": ${String(cause)}`, { cause });
  }
}

/** A config that was not named may be absent: then the manifest says what is missing. */
async function configAt(path: string, isWanted: boolean): Promise<ServeFacts["config"]> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    if (!isWanted) return null;
    throw new Fault("cli.file-unreadable", `--config wants a file with JSON, "${path}": ${String(cause)}`, { cause });
  }
}

async function awaitServing(
  context: CommandContext,
  client: ApiClient,
  name: string,
  limit: { readonly timeoutMs: Millis; readonly text: string },
): Promise<Item> {
  const noun = findNoun("Deployment", allNouns(kinds));
  const endsAt = context.clock.now() + limit.timeoutMs;
  let said = "";
  for (;;) {
    const item = await findItem(client, noun, name, context.project, context.signal);
    const phase = readText(item, "status.phase", "pending");
    if (!isBehind(item) && phase === "serving" && readText(item, "status.url", "") !== "") return item;
    const words = progressOf(item);
    if (phase === "failed" && !isBehind(item)) {
      throw new Fault(
        "cli.wait-hopeless",
        `deployment/${name} has ${words}; see: millwright describe deployment/${name}`,
      );
    }
    if (words !== said) context.terminal.say(words);
    said = words;
    if (context.clock.now() >= endsAt) {
      const message = `deployment/${name} does not serve after ${limit.text}: ${words}; see: millwright describe deployment/${name}`;
      throw new Fault("cli.wait-timeout", message);
    }
    await context.pause(lookMs, context.signal);
  }
}

/** What the deployment says of itself, in one line. */
function progressOf(item: Item): string {
  const conditions = readField(item, "status.conditions");
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const ready = all.find((each) => readText(each, "type") === "Ready");
  return `${readText(item, "status.phase", "pending")}: ${ready === undefined ? "not looked at yet" : readText(ready, "message")}`;
}

function showServed(context: CommandContext, item: Item, manifest: Manifest): number {
  const address = { url: readText(item, "status.url"), name: nameOf(item), project: projectOf(item) ?? "default" };
  const examples = serveExamples(address);
  if (context.format === "json") printJson(context, { ...address, examples, manifest });
  else if (context.format === "quiet") context.terminal.print(address.url);
  else {
    context.terminal.print(address.url);
    for (const name of ["curl", "python"] as const) {
      context.terminal.say(`\n${context.terminal.paint(name, "dim")}`);
      context.terminal.say(examples[name]);
    }
    sayNext(context, [
      `millwright loadtest ${address.name} --rate 2 --duration 30s`,
      `millwright describe deployment/${address.name}`,
    ]);
  }
  return exitCodes.ok;
}
