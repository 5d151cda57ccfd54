import type { Command } from "commander";
import type { Act } from "./command-action.ts";
import { collect, wholeNumber } from "./option-value.ts";

/** The queue: what waits and when it starts, who may use how much, what is set aside, what a change would do. */
export function addQueueCommands(program: Command, act: Act): void {
  const why = program
    .command("why")
    .description("why something waits, who is in its way, what would help, when it starts")
    .argument("<target...>", "job/NAME, a job's name, or a workload's id");
  act(why, async (context, _options, words) => (await import("./commands/why.ts")).why(context, { words }));

  const queue = program.command("queue").description("what waits, when it is planned to start, and what runs");
  act(queue, async (context) => (await import("./commands/queue.ts")).queue(context));

  const quota = program.command("quota").description("what teams and projects have, use, borrow and lend");
  act(quota, async (context) => (await import("./commands/quota.ts")).quota(context));

  const usage = program
    .command("usage")
    .description("GPU-hours by project, purpose or day, with what they were worth")
    .option("--by <names>", "project, purpose, day, pool, queue, model, owner; joined by commas")
    .option("--from <date>", "such as 2026-02-01; left out: 30 days ago")
    .option("--to <date>", "left out: now");
  act(usage, async (context, options) => (await import("./commands/usage.ts")).usage(context, options));

  const whatIf = program
    .command("whatif")
    .description("what a change would do: who starts sooner, who later; nothing is changed")
    .requiredOption("-f, --file <path>", "YAML file with the change, or -", collect);
  act(whatIf, async (context, options) =>
    (await import("./commands/what-if.ts")).whatIf(context, { file: [], ...options }),
  );

  addReserveCommands(program, act);
}

function addReserveCommands(program: Command, act: Act): void {
  const reserve = program.command("reserve").description("nodes that are set aside for a time");

  const create = reserve
    .command("create")
    .description("set nodes aside for a time")
    .argument("<name>")
    .requiredOption("--pool <name>", "the pool whose nodes are set aside")
    .option("--node <name>", "a node; may be given several times", collect)
    .option("--count <nodes>", "how many nodes, chosen by the platform", wholeNumber(1))
    .option("--start <moment>", "in UTC, such as 2026-02-01T06:30:00Z; left out: now")
    .option("--end <moment>", "until when")
    .option("--for <duration>", "how long, such as 4h, in place of --end")
    .option("--queue <name>", "a project, team or quota that may run there; left out: nobody", collect)
    .option("--reason <text>", "what it is for, for people");
  act(create, async (context, options, [name = ""]) =>
    (await import("./commands/reserve.ts")).reserveCreate(context, {
      ...options,
      pool: String(options["pool"]),
      name,
    }),
  );

  const list = reserve.command("list").description("what is set aside, when and for whom");
  act(list, async (context) => (await import("./commands/reserve.ts")).reserveList(context));

  const cancel = reserve
    .command("cancel")
    .description("give reserved nodes back")
    .argument("<name>")
    .option("-y, --yes", "do not ask");
  act(cancel, async (context, options, [name = ""]) =>
    (await import("./commands/reserve.ts")).reserveCancel(context, { ...options, name }),
  );
}
