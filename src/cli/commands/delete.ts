import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson, sayNext } from "../command-context.ts";
import { confirm } from "../confirmation.ts";
import { exitCodes } from "../exit-code.ts";
import { findItem, itemPath, nameOf, projectOf } from "../item.ts";
import { allNouns, findNoun } from "../noun.ts";
import { parseTarget } from "../target.ts";
import { Fault } from "../../base/fault.ts";

export interface DeleteInput {
  /** `KIND NAME` or `KIND/NAME`. */
  readonly words: readonly string[];
  readonly yes?: boolean;
}

/** Asks for the deletion of one resource; its controller cleans up and then removes it. */
export async function deleteResource(context: CommandContext, input: DeleteInput): Promise<number> {
  const target = parseTarget(input.words);
  const nouns = allNouns(kinds).filter((noun) => !noun.isRow);
  if (target.kind === null) {
    throw new Fault(
      "cli.argument-invalid",
      `delete what? write KIND/${target.name}, such as training-job/${target.name}`,
    );
  }
  const noun = findNoun(target.kind, nouns);
  const client = await context.connect();
  const item = await findItem(client, noun, target.name, context.project, context.signal);
  const place = projectOf(item) === null ? "" : ` of project ${projectOf(item)}`;
  if (input.yes !== true && !(await confirm(context, `Delete ${noun.kind}/${nameOf(item)}${place}?`))) {
    context.terminal.say("nothing was changed");
    return exitCodes.failed;
  }
  await client.delete(itemPath(noun, projectOf(item), nameOf(item)), context.signal);
  if (context.format === "json")
    printJson(context, { kind: noun.kind, project: projectOf(item), name: nameOf(item), deleting: true });
  else
    context.terminal.print(
      context.format === "quiet" ? `${noun.kind}/${nameOf(item)}` : `deleting ${noun.kind}/${nameOf(item)}`,
    );
  sayNext(context, [`millwright get ${noun.plural}`, `millwright events --name ${nameOf(item)}`]);
  return exitCodes.ok;
}
