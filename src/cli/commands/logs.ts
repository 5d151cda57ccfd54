import { Fault } from "../../base/fault.ts";
import { kinds } from "../../server/kinds.ts";
import type { CommandContext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { type Item, nameOf } from "../item.ts";
import { awaitEnd, copyLog, sayDetached } from "../log-follow.ts";
import { parseTarget } from "../target.ts";
import { exitCodeOfWorkload, findWorkload, outcomeOf, workloadPollMs } from "../workload.ts";

export interface LogsInput {
  /** `KIND/NAME`, a training job's name, or a workload's id. */
  readonly words: readonly string[];
  readonly follow?: boolean;
  readonly tail?: number;
}

/** Prints what a workload wrote; with `--follow` to its end, and then answers with the workload's own exit code. */
export async function logs(context: CommandContext, input: LogsInput): Promise<number> {
  const client = await context.connect();
  const target = parseTarget(input.words);
  let found = await findWorkload(context, client, target, kinds);
  while (found.workload === undefined && input.follow === true) {
    await context.pause(workloadPollMs, context.signal);
    found = await findWorkload(context, client, target, kinds);
  }
  const { workload } = found;
  if (workload === undefined) {
    const message = `${target.name} has not asked for compute yet, so there is no log; wait for it with --follow`;
    throw new Fault("platform.resource-missing", message);
  }
  await copyWhileWanted(context, workload, async () => {
    await copyLog(context, client, workload, { follow: input.follow === true, tail: input.tail });
  });
  if (input.follow !== true) return exitCodes.ok;
  if (context.signal.aborted) return exitCodes.interrupted;

  const ended = await awaitEnd(context, client, workload);
  context.terminal.say(`${nameOf(ended)} ${outcomeOf(ended) ?? ""}`);
  return exitCodeOfWorkload(ended);
}

async function copyWhileWanted(context: CommandContext, workload: Item, copy: () => Promise<void>): Promise<void> {
  try {
    await copy();
  } catch (error) {
    if (!context.signal.aborted) throw error;
  }
  if (context.signal.aborted) sayDetached(context, workload);
}
