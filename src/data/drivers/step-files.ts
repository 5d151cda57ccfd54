import { readdir, readFile, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../base/fault.ts";
import { ensureFolder, writeFileAtomically } from "../../platform/files.ts";
import { type StepReport, stepReportSchema } from "../step-report.ts";
import { stepReportFile, type StepTask, unfinishedPaths } from "../step-task.ts";

const ownPath = fileURLToPath(import.meta.url);

/** The program of a step, as this server runs it: from source, or built. */
const program: readonly string[] = [
  process.execPath,
  join(ownPath, "..", "..", "tasks", `run-step${extname(ownPath)}`),
];

/** The files of steps that run as workloads: what their program is told, and what it answers. */
export class StepFiles {
  readonly #folder: string;

  /** @param dataDirectory the platform's; task files lie in `steps/` of it until their step is over. */
  constructor(dataDirectory: string) {
    this.#folder = join(dataDirectory, "steps");
  }

  get program(): readonly string[] {
    return program;
  }

  /** Writes a step's task file and answers with its path. @throws {Fault} `platform.disk-full`. */
  async writeTask(workload: string, task: StepTask): Promise<string> {
    await ensureFolder(this.#folder);
    const path = this.#pathOf(workload);
    await writeFileAtomically(path, JSON.stringify(task));
    return path;
  }

  /** Reads what a step's program wrote. @throws {Fault} `data.step-report-invalid` when there is none or it is broken. */
  async readReport(folder: string | null): Promise<StepReport> {
    const path = join(folder ?? "", stepReportFile);
    try {
      return stepReportSchema.parse(JSON.parse(await readFile(path, "utf8")));
    } catch (cause) {
      const found = cause instanceof Error ? cause.message : String(cause);
      throw new Fault(
        "data.step-report-invalid",
        `the step ended, but ${path} wants to be a whole report and is not: ${found}; the step is tried again`,
        { cause },
      );
    }
  }

  /** Removes a task file that nobody will read any more. */
  async removeTask(workload: string): Promise<void> {
    await rm(this.#pathOf(workload), { force: true });
  }

  /** Removes what a step wrote, or had begun to. */
  async removeRows(path: string): Promise<void> {
    const { rows, spill } = unfinishedPaths(path);
    for (const each of [path, rows, spill]) await rm(each, { recursive: true, force: true });
  }

  /** Removes task files but those of these workloads: what a killed server left. */
  async sweep(kept: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (!kept.has(name.replace(/\.json$/, ""))) await rm(join(this.#folder, name), { force: true });
    }
  }

  #pathOf(workload: string): string {
    return join(this.#folder, `${workload}.json`);
  }
}
