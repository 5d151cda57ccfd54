import type { Command } from "commander";
import { Fault } from "../../base/fault.ts";
import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { type CompletionTree, completionScript, isShell } from "../completion-script.ts";
import { exitCodes } from "../exit-code.ts";
import { allNouns, namesOf } from "../noun.ts";

export interface CompletionInput {
  readonly shell: string;
  /** The program whose commands are completed. */
  readonly program: Command;
}

/** Prints a completion script made from the program's own commands and kinds. */
export async function completion(context: CommandContext, input: CompletionInput): Promise<number> {
  if (!isShell(input.shell)) {
    throw new Fault(
      "cli.argument-invalid",
      `no completion for the shell "${input.shell}"; there is bash, zsh and fish`,
    );
  }
  const script = completionScript(input.shell, toTree(input.program));
  if (context.format === "json") printJson(context, { shell: input.shell, script });
  else context.terminal.print(script);
  return exitCodes.ok;
}

function toTree(program: Command): CompletionTree {
  const kindWords = allNouns(kinds).flatMap(namesOf);
  const flagsOf = (command: Command) =>
    command.options.flatMap((option) => (option.long === undefined || option.long === null ? [] : [option.long]));
  const shared = [...flagsOf(program), "--help"];
  return {
    commands: program.commands.map((command) => ({
      name: command.name(),
      summary: command.description(),
      words: takesKind(command.name())
        ? kindWords
        : command.name() === "completion"
          ? ["bash", "zsh", "fish"]
          : command.commands.map((each) => each.name()),
      flags: [...new Set([...flagsOf(command), ...command.commands.flatMap(flagsOf), ...shared])],
    })),
    flags: shared,
  };
}

function takesKind(command: string): boolean {
  return ["get", "describe", "delete", "wait", "schema"].includes(command);
}
