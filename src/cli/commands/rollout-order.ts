import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { itemPath, nameOf, projectOf, findItem, toItem } from "../item.ts";
import { kinds } from "../../server/kinds.ts";
import { allNouns, findNoun } from "../noun.ts";

export interface RolloutOrderInput {
  /** The deployment. */
  readonly name: string;
  readonly action: "promote" | "rollback" | "resume";
  /** The candidate that is meant; the order is refused when another one rolls out. */
  readonly version?: string;
  readonly reason?: string;
}

const done: Readonly<Record<RolloutOrderInput["action"], string>> = {
  promote: "becomes the champion of",
  rollback: "is taken back from",
  resume: "goes on at",
};

/** Decides over a deployment's rollout in the place of its tests. */
export async function orderRollout(context: CommandContext, input: RolloutOrderInput): Promise<number> {
  const client = await context.connect();
  const noun = findNoun("deployment", allNouns(kinds));
  const deployment = await findItem(client, noun, input.name, context.project, context.signal);
  const path = `${itemPath(noun, projectOf(deployment), nameOf(deployment))}/rollout`;
  const body = {
    action: input.action,
    reason: input.reason ?? "decided on the command line",
    ...(input.version === undefined ? {} : { version: input.version.replace(/^v(?=\d)/, "") }),
  };
  const answer = toItem(await client.post(path, body, context.signal));
  if (context.format === "json") printJson(context, answer);
  else if (context.format === "quiet") context.terminal.print(nameOf(deployment));
  else {
    context.terminal.print(`version ${String(answer["version"])} ${done[input.action]} ${nameOf(deployment)}`);
  }
  sayNext(context, [
    `millwright traffic ${nameOf(deployment)}`,
    `millwright describe deployment ${nameOf(deployment)}`,
  ]);
  return exitCodes.ok;
}
