/**
 * The program of `millwright plan`: reads a plan, answers it, and writes the answer beside it or into a folder.
 *
 *     plan.ts PLAN.yaml [FOLDER] [--json]
 *
 * Writes `report.md`, `report.html`, `plan.json` and `parts.csv` into FOLDER (absent: the report goes to standard
 * output as Markdown, or the answer as JSON). Ends with 0, or with 2 when the plan cannot be answered; the reason goes
 * to standard error as `CODE: MESSAGE`.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isFault } from "../../base/fault.ts";
import { writeFileAtomically } from "../../platform/files.ts";
import { answerPlanFile } from "../drivers/plan-file.ts";
import { reportFileNames, reportFiles } from "../report/report-files.ts";

async function main(words: readonly string[]): Promise<number> {
  const [file, folder] = words.filter((word) => word !== "--json");
  if (file === undefined) {
    process.stderr.write("name a plan: plan.ts PLAN.yaml [FOLDER] [--json]\n");
    return 2;
  }
  try {
    const files = reportFiles(await answerPlanFile(file));
    if (folder === undefined) {
      process.stdout.write(words.includes("--json") ? files["plan.json"] : files["report.md"]);
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
