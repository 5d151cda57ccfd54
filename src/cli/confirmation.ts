import { Fault } from "../base/fault.ts";
import type { CommandContext } from "./command-context.ts";

/**
 * Asks before something is changed. Where nobody can be asked, it refuses rather than guess.
 *
 * @throws {Fault} `cli.confirmation-needed` when there is no terminal and no `--yes`.
 */
export async function confirm(context: CommandContext, question: string): Promise<boolean> {
  if (!context.terminal.canAsk) {
    const message = `${question} There is no terminal to ask on; add --yes to go ahead`;
    throw new Fault("cli.confirmation-needed", message);
  }
  return context.terminal.confirm(question, context.signal);
}
