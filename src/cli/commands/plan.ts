import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { type FaultCode, faultKinds } from "../../base/fault-codes.ts";
import { Fault } from "../../base/fault.ts";
import { planSchema } from "../../planning/model.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import type { SiteRows } from "../../planning/calibration/model.ts";
import { reportDocumentSchema } from "../../planning/report/model.ts";
import { planFromLive } from "../plan-from-live.ts";
import { printReport, readQuestion, type ReportForm } from "../planning-answer.ts";
import { readSite } from "../site-rows.ts";

export interface PlanInput {
  /** The plan, a YAML file; not needed for the schema. */
  readonly file?: string;
  /** Folder for the report, its data and the bill of materials; absent: the report goes to standard output. */
  readonly out?: string;
  /** The form of the report on standard output; absent: for people at a terminal. */
  readonly format?: ReportForm;
  /** Draws the plan up from the server's ledger; the file, if any, wins over what was inferred. */
  readonly fromLive?: boolean;
  /** Days of the ledger that are looked at. */
  readonly days?: number;
  /** False: the recorded queue of the last 30 days is not packed. */
  readonly trace?: boolean;
  /** The GPU to plan with, in place of the one that the ledger names. */
  readonly gpu?: string;
  /** Corrects failures and power by what the server's site measured. */
  readonly site?: boolean;
  /** Prints the JSON Schema of plans instead. */
  readonly schema?: boolean;
}

/** An answer is larger than a report by far; more than this is a mistake. */
const largestAnswerBytes = 50_000_000;

/**
 * Plans a fleet, without a server unless its ledger is asked for: a program of its own reads the plan and answers it.
 *
 * @throws {Fault} the planner's own, with file and line.
 */
export async function plan(context: CommandContext, input: PlanInput): Promise<number> {
  if (input.schema === true) {
    const { $schema, ...fields } = z.toJSONSchema(planSchema, { io: "input" });
    const description = "A fleet of GPUs that is sized and priced: millwright plan -f plan.yaml";
    context.terminal.print(JSON.stringify({ $schema, title: "Plan", description, ...fields }, null, 2));
    return exitCodes.ok;
  }
  if (input.fromLive === true) return await planFromLive(context, input);
  if (input.file === undefined) {
    const message =
      "plan needs a file: millwright plan -f plan.yaml; or a server's ledger: millwright plan --from-live";
    throw new Fault("cli.argument-invalid", message);
  }
  const isJson = context.format === "json" && input.out === undefined;
  const { question } = input.site === true ? await readQuestion(context, input.file) : { question: {} };
  const site = input.site === true ? await readSite(context, "plan", question) : [];
  const asked = isJson ? ["--json"] : ["--report"];
  const words = [input.file, ...(input.out === undefined ? asked : [input.out])];
  const output = await runPlanner([...words, ...(site.length === 0 ? [] : ["--site"])], site, context.signal);
  if (isJson) printJson(context, { plan: JSON.parse(output) as unknown });
  else if (input.out === undefined) await printReport(context, repliedSchema.parse(JSON.parse(output)), input.format);
  else if (context.format === "json") printJson(context, { files: output.trim().split("\n") });
  else for (const line of output.trim().split("\n")) context.terminal.print(line);
  return exitCodes.ok;
}

/** What the program prints with `--report`. */
const repliedSchema = z.object({ document: reportDocumentSchema, files: z.record(z.string(), z.string()) });

/** Hands what a site measured to the program on its standard input. */
async function runPlanner(words: readonly string[], site: readonly SiteRows[], signal: AbortSignal): Promise<string> {
  const ending = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const program = fileURLToPath(new URL(`../../planning/tasks/plan${ending}`, import.meta.url));
  const line = [...process.execArgv, program, ...words];
  return await new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      line,
      { signal, maxBuffer: largestAnswerBytes },
      (error, output, complaint) => {
        if (error === null) return resolve(output);
        const failure: Error = toFault(complaint) ?? error;
        reject(failure);
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(site));
  });
}

/** The planner's complaint, `CODE: MESSAGE`, as the fault that it was. */
function toFault(complaint: string): Fault | undefined {
  const [, code = "", message = ""] = /^([a-z]+\.[a-z-]+): ([\s\S]*)$/.exec(complaint.trim()) ?? [];
  return isFaultCode(code) ? new Fault(code, message) : undefined;
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultKinds, code);
}
