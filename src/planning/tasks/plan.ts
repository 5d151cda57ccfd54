/**
 * The program of `millwright plan`: reads a plan, answers it, and writes the answer beside it or into a folder.
 *
 *     plan.ts PLAN.yaml [FOLDER] [--json] [--report] [--site]
 *
 * Writes `report.md`, `report.html`, `plan.json` and `parts.csv` into FOLDER (absent: the report goes to standard
 * output as Markdown, or the answer as JSON, or with `--report` the report and its files as JSON). Ends with 0, or with 2 when the plan cannot be answered; the reason goes
 * to standard error as `CODE: MESSAGE`. With `--site` what a site measured is read as JSON from standard input.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { isFault } from "../../base/fault.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import { fleetSite } from "../calibration/apply-fleet-site.ts";
import { siteRowsSchema } from "../calibration/model.ts";
import { answerPlanFile } from "../drivers/plan-file.ts";
import { describeFleet } from "../report/describe-fleet.ts";
import { reportFileNames, reportFiles } from "../report/report-files.ts";
import { tellBasesOnce } from "../report/stated-errors.ts";

async function readInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

async function main(words: readonly string[]): Promise<number> {
  const [file, folder] = words.filter((word) => !word.startsWith("--"));
  if (file === undefined) {
    process.stderr.write("name a plan: plan.ts PLAN.yaml [FOLDER] [--json]\n");
    return 2;
  }
  try {
    const site = words.includes("--site") ? z.array(siteRowsSchema).parse(JSON.parse(await readInput())) : [];
    const answer = await answerPlanFile(file, fleetSite(site));
    const files = reportFiles(answer);
    if (folder === undefined) {
      const report = (): string => JSON.stringify({ document: tellBasesOnce(describeFleet(answer)), files });
      const asked = words.includes("--json") ? files["plan.json"] : files["report.md"];
      process.stdout.write(words.includes("--report") ? report() : asked);
      return 0;
    }
    await mkdir(folder, { recursive: true });
    for (const name of reportFileNames) {
      await writeFileAtomically(join(folder, name), files[name], 0o644);
      process.stdout.write(`${join(folder, name)}\n`);
    }
    return 0;
  } catch (error) {
    if (!isFault(error)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
