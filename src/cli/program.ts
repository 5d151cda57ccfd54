import { Command, Option } from "commander";
import type { Act, CommandRunner } from "./command-action.ts";
import { readOwnVersion } from "./own-version.ts";
import { addBatchCommands } from "./program-batch.ts";
import { addQueueCommands } from "./program-queue.ts";
import { addPlanningCommands } from "./program-planning.ts";
import { addResourceCommands } from "./program-resources.ts";
import { addServerCommands } from "./program-server.ts";
import { addServingCommands } from "./program-serving.ts";
import { addWorkCommands } from "./program-work.ts";

/** Every command with its arguments and options; the commands' code is loaded when one is called. */
export function makeProgram(runner: CommandRunner): Command {
  const program = new Command("millwright");
  program
    .description("One queue for every GPU, from raw data to a watched and retrained model.")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError("(see millwright --help)")
    .exitOverride()
    .version(readOwnVersion(), "-V, --version", "this program's version")
    .option("--server <url>", "address of the control plane (MILLWRIGHT_SERVER)")
    .option("--key <key>", "API key (better: MILLWRIGHT_KEY, which other users do not see)")
    .option("--data-dir <folder>", "where the server's state lies (MILLWRIGHT_DATA_DIR)")
    .option("-p, --project <name>", "look in this project only (MILLWRIGHT_PROJECT)")
    .option("--json", "one JSON object on standard output, or one a line for streams")
    .option("-q, --quiet", "names and ids only")
    .option("--no-color", "no colours (NO_COLOR)");

  const act: Act = (command, work) => {
    command.action(async (...given: unknown[]) => {
      const words = given
        .slice(0, -2)
        .flat()
        .filter((word): word is string => typeof word === "string");
      const all = command.optsWithGlobals();
      await runner(all, (context) => work(context, command.opts(), words));
    });
  };
  addServerCommands(program, act);
  addResourceCommands(program, act);
  addWorkCommands(program, act);
  addServingCommands(program, act);
  addQueueCommands(program, act);
  addBatchCommands(program, act);
  addPlanningCommands(program, act);
  for (const command of leavesOf(program)) command.addOption(new Option("-q, --quiet").hideHelp());
  return program;
}

/** `-q` is known to every command too, so that it may be joined with a command's own flags, as in `apply -yqf`. */
function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}
