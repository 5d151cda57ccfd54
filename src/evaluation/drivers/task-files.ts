import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../base/fault.ts";
import { ensureFolder, writeFileAtomically } from "../../platform/files.ts";
import { type EvaluationTask, reportFileName, type TaskReport, taskReportSchema } from "../model.ts";

const ownPath = fileURLToPath(import.meta.url);

/** The program of an evaluation, as this server runs it: from source, or built. */
export function evaluationProgram(): readonly string[] {
  return [process.execPath, join(ownPath, "..", "..", "tasks", `evaluate-task${extname(ownPath)}`)];
}

/** Writes the task's file below `folder` and answers with its path. */
export async function writeTaskFile(folder: string, workload: string, task: EvaluationTask): Promise<string> {
  const own = join(folder, workload);
  await ensureFolder(own);
  const path = join(own, "task.json");
  await writeFileAtomically(path, JSON.stringify(task));
  return path;
}

/** Reads what the program wrote. @throws {Fault} `evaluation.report-invalid` when there is none or it is broken. */
export async function readTaskReport(folder: string): Promise<TaskReport> {
  const path = join(folder, reportFileName);
  try {
    return taskReportSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new Fault(
      "evaluation.report-invalid",
      `the evaluation ended, but ${path} wants to be a whole report and is not: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
