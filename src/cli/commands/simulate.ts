import { resolve } from "node:path";
import { Fault } from "../../base/fault.ts";
import { parseDuration } from "../../base/units.ts";
import { policyNames, traceFormats } from "../../scheduling/simulator/model.ts";
import { readClusterFile } from "../cluster-file.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readManifestSources } from "../manifest-source.ts";
import { runSimulation } from "../simulation-program.ts";
import { didYouMean, suggestWord } from "../../base/suggestion.ts";
import { renderTable } from "../table.ts";

export interface SimulateInput {
  readonly cluster: string;
  readonly trace: string;
  readonly format: string;
  readonly policy: string;
  /** A duration, such as `30d`. */
  readonly until?: string;
  readonly out?: string;
}

/** Runs a trace of workloads on a cluster that exists on paper only; needs no server. */
export async function simulate(context: CommandContext, input: SimulateInput): Promise<number> {
  const format = chooseWord("--format", input.format, traceFormats);
  const policy = chooseWord("--policy", input.policy, policyNames);
  const untilMs = input.until === undefined ? null : parseDuration(input.until);
  const [source] = await readManifestSources([input.cluster], () => context.terminal.readInput());
  if (source === undefined) throw new Fault("cli.argument-invalid", `"${input.cluster}" holds no cluster`);
  const answer = await runSimulation(context, {
    cluster: readClusterFile(source),
    trace: resolve(input.trace),
    format,
    policy,
    untilMs,
    out: input.out === undefined ? null : resolve(input.out),
  });
  if (context.format === "json") printJson(context, { report: answer.report, files: answer.files });
  else if (context.format === "quiet") for (const file of answer.files) context.terminal.print(file);
  else printTables(context, answer);
  return exitCodes.ok;
}

function printTables(context: CommandContext, answer: Awaited<ReturnType<typeof runSimulation>>): void {
  for (const note of answer.report.notes) context.terminal.say(note);
  for (const [index, { heading, rows }] of answer.tables.entries()) {
    if (index > 0) context.terminal.print("");
    // The first table has text beside its names, the others numbers.
    const columns = heading.map((name, column) => ({
      heading: name,
      align: column === 0 || index === 0 ? ("left" as const) : ("right" as const),
      canShrink: false,
    }));
    const cells = rows.map((row) => row.map((text) => ({ text, tone: "plain" as const })));
    for (const line of renderTable(columns, cells, context.terminal)) context.terminal.print(line);
  }
  for (const file of answer.files) context.terminal.say(`wrote ${file}`);
}

function chooseWord<Word extends string>(option: string, given: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === given);
  if (found !== undefined) return found;
  const hint = didYouMean(suggestWord(given, words)) ?? `it is one of ${words.join(", ")}`;
  throw new Fault("cli.argument-invalid", `${option} knows no "${given}"; ${hint}`);
}
