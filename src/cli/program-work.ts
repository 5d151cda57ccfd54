import type { Command } from "commander";
import type { Act } from "./command-action.ts";
import { collect, wholeNumber } from "./option-value.ts";

/** Work: run it, watch it, stop it, wait for it, decide about its models. */
export function addWorkCommands(program: Command, act: Act): void {
  const run = program
    .command("run")
    .description("apply one training job, show its log, end with its exit code")
    .requiredOption("-f, --file <path>", "YAML file with one training job, or -", collect)
    .option("--name <name>", "another name for the job, to run a file again")
    .option("-d, --detach", "do not wait");
  act(run, async (context, options) => (await import("./commands/run.ts")).run(context, { file: [], ...options }));

  const logs = program
    .command("logs")
    .description("what a job wrote; with --follow ends with its exit code")
    .argument("<target...>", "job/NAME, a job's name, or a workload's id")
    .option("-f, --follow", "go on to the end")
    .option("--tail <lines>", "only the last lines", wholeNumber(0));
  act(logs, async (context, options, words) =>
    (await import("./commands/logs.ts")).logs(context, { ...options, words }),
  );

  const cancel = program
    .command("cancel")
    .description("stop a job or a workload; what it saved stays")
    .argument("<target...>", "job/NAME, or a workload's id")
    .option("--reason <text>", "kept in the audit trail");
  act(cancel, async (context, options, words) =>
    (await import("./commands/cancel.ts")).cancel(context, { ...options, words }),
  );

  const wait = program
    .command("wait")
    .description("wait until a resource is as wanted; exit code 7 when not in time")
    .argument("<target...>", "KIND/NAME")
    .requiredOption("--for <goal>", "phase=succeeded, condition=Ready or deleted")
    .option("--timeout <duration>", "such as 10m", "10m");
  act(wait, async (context, options, words) =>
    (await import("./commands/wait.ts")).wait(context, {
      words,
      for: String(options["for"]),
      timeout: String(options["timeout"]),
    }),
  );

  const approve = program
    .command("approve")
    .description("approve a model version, so that it may serve")
    .argument("<version>", "its id, or MODEL@NUMBER")
    .option("--comment <text>", "kept with the approval")
    .option("--override", "go past the gate; wants --reason and is audited")
    .option("--reason <text>", "why the gate is overridden");
  act(approve, async (context, options, [version = ""]) =>
    (await import("./commands/approve.ts")).approve(context, { ...options, version }),
  );

  addRolloutCommands(program, act);
  addSimulate(program, act);
}

/** What a person decides over new versions that roll out. */
function addRolloutCommands(program: Command, act: Act): void {
  const orders = [
    ["promote", "make the candidate of a deployment its champion, whatever its tests say yet"],
    ["rollback", "take a deployment's candidate back; after a rollout's end, the version before it"],
    ["resume", "let a paused rollout go on"],
  ] as const;
  for (const [action, description] of orders) {
    const command = program
      .command(action)
      .description(description)
      .argument("<deployment>", "its name")
      .argument("[version]", "the candidate that is meant, such as v2; refused when another one rolls out")
      .option("--reason <text>", "kept in the audit trail");
    act(command, async (context, options, [name = "", version]) =>
      (await import("./commands/rollout-order.ts")).orderRollout(context, {
        ...options,
        name,
        action,
        ...(version === undefined ? {} : { version }),
      }),
    );
  }

  const traffic = program
    .command("traffic")
    .description("how a deployment's requests are split, and what its rollout knows")
    .argument("<deployment>", "its name")
    .argument("[split]", "sets the candidate's share while its rollout is paused, such as v2=10")
    .option("--reason <text>", "kept in the audit trail");
  act(traffic, async (context, options, [name = "", split]) =>
    (await import("./commands/traffic.ts")).traffic(context, {
      ...options,
      name,
      ...(split === undefined ? {} : { split }),
    }),
  );
}

function addSimulate(program: Command, act: Act): void {
  const simulate = program
    .command("simulate")
    .description("run a trace on a cluster on paper: waiting, utilisation, plots; needs no server")
    .requiredOption("--cluster <file>", "YAML file with pools, nodes and quotas, or -")
    .requiredOption("--trace <file>", "CSV file with the workloads")
    .option("--format <format>", "of the trace: own, philly or openb", "own")
    .option("--policy <name>", "millwright, steady, fair, fifo, easy, conservative or priority", "millwright")
    .option("--until <duration>", "stop there, such as 30d; otherwise when all has ended")
    .option("--out <folder>", "write report.json, report.html and the plots there");
  act(simulate, async (context, options) =>
    (await import("./commands/simulate.ts")).simulate(context, {
      ...options,
      cluster: String(options["cluster"]),
      trace: String(options["trace"]),
      format: String(options["format"]),
      policy: String(options["policy"]),
    }),
  );
}
