import type { Millis } from "../../base/clock.ts";
import { Fault, isFault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import { kinds } from "../../server/kinds.ts";
import type { ApiClient } from "../api-client.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { findItem, type Item, nameOf } from "../item.ts";
import { allNouns, findNoun, type Noun, singularOf } from "../noun.ts";
import { RemoteFault } from "../remote-fault.ts";
import { parseTarget } from "../target.ts";
import { judgeProgress, parseWaitGoal, type WaitGoal } from "../wait-goal.ts";

/** Between two looks. */
const lookMs: Millis = 500;

export interface WaitInput {
  /** `KIND/NAME`. */
  readonly words: readonly string[];
  /** `phase=…`, `condition=…` or `deleted`. */
  readonly for: string;
  /** Such as `10m`. */
  readonly timeout: string;
}

/**
 * Waits until a resource is as wanted. Exit code 0: it is; 7: not in time; 1: it ended in another phase.
 */
export async function wait(context: CommandContext, input: WaitInput): Promise<number> {
  const goal = parseWaitGoal(input.for);
  const timeoutMs = parseDuration(input.timeout);
  const target = parseTarget(input.words);
  if (target.kind === null) {
    throw new Fault(
      "cli.argument-invalid",
      `wait for what? write KIND/${target.name}, such as training-job/${target.name}`,
    );
  }
  const noun = findNoun(target.kind, allNouns(kinds));
  const client = await context.connect();
  const endsAt = context.clock.now() + timeoutMs;
  let phase = "";
  for (;;) {
    const item = await look(context, client, noun, target.name, goal);
    const progress = judgeProgress(item, goal);
    if (progress.kind === "reached") return showReached(context, noun, target.name, item);
    const subject = `${singularOf(noun)}/${target.name}`;
    if (progress.kind === "hopeless") {
      const message = `${subject} is ${progress.phase} and will not come to ${input.for}; see: millwright describe ${subject}`;
      throw new Fault("cli.wait-hopeless", message, { details: { phase: progress.phase, goal: input.for } });
    }
    if (progress.phase !== phase && context.format === "text") context.terminal.say(`${subject} is ${progress.phase}`);
    phase = progress.phase;
    if (context.clock.now() >= endsAt) {
      const message = `${subject} is ${phase}, not ${input.for}, after ${input.timeout}; see: millwright why ${target.name}`;
      throw new Fault("cli.wait-timeout", message, { details: { phase, goal: input.for, timeoutMs } });
    }
    await context.pause(lookMs, context.signal);
  }
}

/** Reads the item; undefined when it is gone and that is what is waited for. */
async function look(
  context: CommandContext,
  client: ApiClient,
  noun: Noun,
  name: string,
  goal: WaitGoal,
): Promise<Item | undefined> {
  try {
    return await findItem(client, noun, name, context.project, context.signal);
  } catch (error) {
    const isMissing =
      (error instanceof RemoteFault && error.kind === "missing") || isFault(error, "platform.resource-missing");
    if (isMissing && goal.kind === "deleted") return undefined;
    throw error;
  }
}

function showReached(context: CommandContext, noun: Noun, name: string, item: Item | undefined): number {
  if (context.format === "json") printJson(context, { kind: noun.kind, name, item: item ?? null });
  else context.terminal.print(`${singularOf(noun)}/${item === undefined ? name : nameOf(item)}`);
  return exitCodes.ok;
}
