import type { Manifest } from "../../platform/resource.ts";
import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type ApplyResult, parseApplyResults, renderOutcomes, renderPlan } from "../apply-plan.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { confirm } from "../confirmation.ts";
import { exitCodes } from "../exit-code.ts";
import { loadManifests } from "../manifest-load.ts";
import { readManifestSources } from "../manifest-source.ts";
import { nextCommands } from "../next-commands.ts";

/** Most follow-up commands that are named after an apply. */
const mostNextCommands = 3;

export interface ApplyInput {
  /** Files, folders or `-`. */
  readonly file: readonly string[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Shows what would change, asks, and writes it. */
export async function apply(context: CommandContext, input: ApplyInput): Promise<number> {
  const manifests = await readManifests(context, input.file);
  const client = await context.connect();
  if (input.dryRun === true) {
    showPlan(context, await sendManifests(client, manifests, true, context.signal), true);
    return exitCodes.ok;
  }
  if (input.yes !== true || context.format === "text") {
    const plan = await sendManifests(client, manifests, true, context.signal);
    showPlan(context, plan, false);
    const isIdle = plan.every((result) => result.outcome === "unchanged");
    if (!isIdle && input.yes !== true && !(await confirm(context, "Apply this plan?"))) {
      context.terminal.say("nothing was changed");
      return exitCodes.failed;
    }
  }
  showOutcome(context, await sendManifests(client, manifests, false, context.signal));
  return exitCodes.ok;
}

/** Reads and checks the manifests that `-f` names; relative paths come out absolute, the project filled in. */
export async function readManifests(context: CommandContext, files: readonly string[]): Promise<readonly Manifest[]> {
  const sources = await readManifestSources(files, () => context.terminal.readInput());
  return loadManifests(sources, kinds).map(({ manifest, definition }) => {
    const isPlaced = definition.scope === "platform" || manifest.project !== undefined || context.project === undefined;
    return isPlaced ? manifest : { ...manifest, project: context.project };
  });
}

/** Sends manifests to the one door that all writes take. */
export async function sendManifests(
  client: ApiClient,
  manifests: readonly Manifest[],
  dryRun: boolean,
  signal: AbortSignal,
): Promise<readonly ApplyResult[]> {
  return parseApplyResults(await client.post("/api/v1/apply", { manifests, dryRun }, signal));
}

function showPlan(context: CommandContext, plan: readonly ApplyResult[], isAnswer: boolean): void {
  if (isAnswer && context.format === "json") return printJson(context, { dryRun: true, results: plan });
  if (isAnswer && context.format === "quiet") return showNames(context, plan);
  for (const line of renderPlan(plan, context.terminal.paint)) {
    if (isAnswer) context.terminal.print(line);
    else context.terminal.say(line);
  }
}

function showOutcome(context: CommandContext, results: readonly ApplyResult[]): void {
  if (context.format === "json") return printJson(context, { dryRun: false, results });
  if (context.format === "quiet") return showNames(context, results);
  for (const line of renderOutcomes(results, context.terminal.paint)) context.terminal.print(line);
  const last = results.findLast((result) => result.outcome !== "unchanged") ?? results.at(-1);
  if (last !== undefined) sayNext(context, nextCommands(last.kind, last.name).slice(0, mostNextCommands));
}

function showNames(context: CommandContext, results: readonly ApplyResult[]): void {
  for (const result of results) context.terminal.print(`${result.kind}/${result.name}`);
}
