import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import type { PlanningKind } from "../planning/questions/model.ts";
import type { ReportDocument } from "../planning/report/model.ts";
import { type CommandContext, printJson } from "./command-context.ts";
import { exitCodes } from "./exit-code.ts";
import { toItem } from "./item.ts";
import { placeProblems } from "./place-problems.ts";
import { readManifestSources } from "./manifest-source.ts";
import { readYaml, type YamlDocument } from "./manifest-yaml.ts";
import { askPlanner } from "./planning-program.ts";
import { renderReport } from "./report-text.ts";
import { readSite } from "./site-rows.ts";

/** Forms of a report besides the one for people at a terminal, and the file that has each. */
const reportForms = {
  markdown: ["report.md"],
  html: ["report.html"],
  csv: ["parts.csv", "tables.csv"],
} as const;

export type ReportForm = keyof typeof reportForms;

/** What every question on the command line takes. */
export interface QuestionInput {
  /** The question as YAML; options win over it. */
  readonly file?: string;
  /** Folder for the report and the answer as files. */
  readonly out?: string;
  /** The form of the report on standard output; absent: for people at a terminal. */
  readonly format?: ReportForm;
  /** Corrects the answer by what the server's site measured, and states its errors. */
  readonly site?: boolean;
}

/** A question before it is checked: what is undefined was not asked. */
export type LooseQuestion = Readonly<Record<string, unknown>>;

/** The most of a `config.json` that is read. */
const largestConfigBytes = 4_000_000;

/** The members that are set. */
export function setMembers(question: LooseQuestion): LooseQuestion {
  return Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined));
}

/** The question of `-f`, and where in its file each part stands. */
export interface QuestionSource {
  readonly question: LooseQuestion;
  /** Undefined without a file. */
  readonly document?: YamlDocument | undefined;
}

/** Reads the question of `-f`, an object; an empty one without a file. */
export async function readQuestion(context: CommandContext, file: string | undefined): Promise<QuestionSource> {
  if (file === undefined) return { question: {} };
  const [source] = await readManifestSources([file], () => context.terminal.readInput());
  const reading = source === undefined ? undefined : readYaml(source);
  const [problem] = reading?.problems ?? [];
  if (problem !== undefined) {
    throw new Fault("platform.yaml-invalid", `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`);
  }
  const document = reading?.documents[0];
  const { value } = document ?? { value: {} };
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return { question: toItem(value), document };
  const found = Array.isArray(value) ? "a list" : "a single value";
  throw new Fault(
    "platform.yaml-invalid",
    `${source?.file}:1:1: a question is an object with its fields; found ${found}`,
  );
}

/** How the command line names a model. */
export interface ModelInput {
  /** A name of the catalog, or the path of a `config.json`. */
  readonly model?: string;
  /** Weights of a model that the catalog lacks, in all and those that one token visits. */
  readonly parameters?: number;
  readonly activeParameters?: number;
}

/**
 * Reads what `--model` names: a name of the catalog, or the path of a Hugging Face `config.json`.
 *
 * @throws {Fault} `cli.file-unreadable` when a path ends in `.json` and leads to no JSON.
 */
export async function readModel({ model, parameters, activeParameters }: ModelInput): Promise<LooseQuestion> {
  if (model === undefined || !model.endsWith(".json")) return { model, parameters, activeParameters };
  const text = await readFile(model, "utf8").catch((cause: unknown) => {
    throw new Fault("cli.file-unreadable", `cannot read the model's config "${model}"; check its path`, { cause });
  });
  try {
    if (text.length > largestConfigBytes) throw new RangeError(`more than ${largestConfigBytes} bytes`);
    const name = basename(model) === "config.json" ? basename(dirname(resolve(model))) : basename(model, ".json");
    return { model: name, modelConfig: JSON.parse(text) as unknown };
  } catch (cause) {
    const message = `"${model}" is no config.json of Hugging Face: ${String(cause)}`;
    throw new Fault("cli.file-unreadable", message, { cause });
  }
}

/** Asks the planner and prints its answer, or where in the file of `source` it cannot be asked: for people a report, with `--json` all of it; or writes it into a folder. */
export async function printAnswer(
  context: CommandContext,
  kind: PlanningKind,
  question: LooseQuestion,
  { out, format, site: isOfSite = false }: Pick<QuestionInput, "out" | "format" | "site">,
  source: QuestionSource,
): Promise<number> {
  const site = isOfSite ? await readSite(context, kind, question) : undefined;
  const { answer, document, files } = await askPlanner(context, { kind, question, site }).catch((error: unknown) => {
    throw placeProblems(error, kind, question, source);
  });
  if (out !== undefined) await writeFiles(context, out, { ...files, "answer.json": `${toJson(answer)}\n` });
  else if (context.format === "json") printJson(context, { answer });
  else await printReport(context, { document, files }, format);
  return exitCodes.ok;
}

/** Prints a report for people at a terminal, or one of its files as it is. */
export async function printReport(
  context: CommandContext,
  { document, files }: { readonly document: ReportDocument; readonly files: Readonly<Record<string, string>> },
  form: ReportForm | undefined,
): Promise<void> {
  if (form === undefined) {
    for (const line of renderReport(document, context.terminal)) context.terminal.print(line);
    return;
  }
  const name = reportForms[form].find((each) => files[each] !== undefined);
  await context.terminal.write(name === undefined ? "" : (files[name] ?? ""));
}

const toJson = (answer: unknown): string => JSON.stringify(answer, null, 2);

/** Writes files into a folder and prints their paths. */
export async function writeFiles(
  context: CommandContext,
  folder: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const paths = Object.keys(files).map((name) => join(folder, name));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  if (context.format === "json") printJson(context, { files: paths });
  else for (const path of paths) context.terminal.print(path);
}
