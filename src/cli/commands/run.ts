import { Fault } from "../../base/fault.ts";
import type { Manifest } from "../../platform/resource.ts";
import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { findItem, type Item, nameOf, projectOf } from "../item.ts";
import { awaitEnd, awaitStart, copyLog, sayDetached } from "../log-follow.ts";
import { nextCommands } from "../next-commands.ts";
import { allNouns, findNoun } from "../noun.ts";
import { isBehind, judgeProgress } from "../wait-goal.ts";
import { exitCodeOfWorkload, hasEnded, outcomeOf, readWorkload, workloadPollMs } from "../workload.ts";
import { readManifests, sendManifests } from "./apply.ts";

/** The kind that `run` takes. */
const runnableKind = "TrainingJob";

export interface RunInput {
  /** Files or `-`; together exactly one training job. */
  readonly file: readonly string[];
  /** Another name for the job, so that one file can be run again. */
  readonly name?: string;
  readonly detach?: boolean;
}

/** Applies one training job, shows its log while it runs, and ends with its exit code. */
export async function run(context: CommandContext, input: RunInput): Promise<number> {
  const manifest = await readJob(context, input);
  const client = await context.connect();
  const [applied] = await sendManifests(client, [manifest], false, context.signal);
  if (applied === undefined) throw new Fault("cli.answer-invalid", "the server answered nothing to apply");
  const target = { kind: runnableKind, name: applied.name };
  context.terminal.say(`${applied.outcome} ${target.kind}/${target.name}`);
  if (input.detach === true) {
    if (context.format === "json")
      printJson(context, { ...target, project: applied.project, outcome: applied.outcome });
    else context.terminal.print(`${target.kind}/${target.name}`);
    sayNext(context, nextCommands(target.kind, target.name));
    return exitCodes.ok;
  }
  const inProject = { ...context, project: applied.project ?? undefined };
  const workload = await awaitWorkload(inProject, client, applied.name);
  return workload === undefined ? exitCodes.failed : follow(inProject, client, workload);
}

async function readJob(context: CommandContext, input: RunInput): Promise<Manifest> {
  const manifests = await readManifests(context, input.file);
  const [manifest] = manifests;
  if (manifest === undefined || manifests.length !== 1 || manifest.kind !== runnableKind) {
    const found = manifests.map((each) => `${each.kind}/${each.name}`).join(", ");
    throw new Fault(
      "cli.argument-invalid",
      `run takes one ${runnableKind}, found ${found}; use "millwright apply" for the rest`,
    );
  }
  return input.name === undefined ? manifest : { ...manifest, name: input.name };
}

/** The workload of the job as it was just applied; undefined when it ended before it asked for compute. */
async function awaitWorkload(context: CommandContext, client: ApiClient, name: string): Promise<Item | undefined> {
  const noun = findNoun(runnableKind, allNouns(kinds));
  let said = "";
  for (;;) {
    const job = await findItem(client, noun, name, context.project, context.signal);
    const workloadId = readText(job, "status.workloadId");
    if (!isBehind(job) && workloadId !== "") {
      const workload = { id: workloadId, project: projectOf(job) };
      return readWorkload(client, workload, context.signal);
    }
    const words = readText(job, "status.message", readText(job, "status.phase")) || readText(job, "status.phase");
    if (!isBehind(job) && words !== said) {
      context.terminal.say(words);
      said = words;
    }
    if (judgeProgress(job, { kind: "phase", phases: [] }).kind === "hopeless") {
      context.terminal.complain(
        `${runnableKind}/${name} ended: ${words}; see: millwright describe training-job/${name}`,
      );
      return undefined;
    }
    await context.pause(workloadPollMs, context.signal);
  }
}

async function follow(context: CommandContext, client: ApiClient, workload: Item): Promise<number> {
  try {
    const started = await awaitStart(context, client, workload);
    await copyLog(context, client, started, { follow: !hasEnded(started), tail: undefined });
    const ended = await awaitEnd(context, client, started);
    context.terminal.say(`${nameOf(ended)} ${outcomeOf(ended) ?? ""}`);
    return exitCodeOfWorkload(ended);
  } catch (error) {
    if (!context.signal.aborted) throw error;
    sayDetached(context, workload);
    return exitCodes.interrupted;
  }
}
