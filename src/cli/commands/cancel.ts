import { Fault } from "../../base/fault.ts";
import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { itemPath, nameOf, projectOf } from "../item.ts";
import { parseTarget } from "../target.ts";
import { findWorkload, workloadPath } from "../workload.ts";

export interface CancelInput {
  /** `job/NAME`, a training job's name, or a workload's id. */
  readonly words: readonly string[];
  readonly reason?: string;
}

/** Stops a training job, or a workload of another kind. */
export async function cancel(context: CommandContext, input: CancelInput): Promise<number> {
  const client = await context.connect();
  const target = parseTarget(input.words);
  const { owner, workload } = await findWorkload(context, client, target, kinds);
  const reason = input.reason;
  if (owner?.noun.kind === "TrainingJob") {
    const path = itemPath(owner.noun, projectOf(owner.item), nameOf(owner.item));
    await client.post(`${path}/cancel`, reason === undefined ? {} : { reason }, context.signal);
  } else if (workload === undefined) {
    throw new Fault("platform.resource-missing", `${target.name} has no workload that could be stopped`);
  } else
    await client.post(`${workloadPath(workload)}/cancel`, reason === undefined ? {} : { why: reason }, context.signal);

  const subject = owner === null ? `Workload/${nameOf(workload ?? {})}` : `${owner.noun.kind}/${nameOf(owner.item)}`;
  if (context.format === "json") printJson(context, { cancelled: subject });
  else context.terminal.print(context.format === "quiet" ? subject : `asked ${subject} to stop`);
  sayNext(context, [`millwright why ${target.name}`, `millwright events --name ${target.name}`]);
  return exitCodes.ok;
}
