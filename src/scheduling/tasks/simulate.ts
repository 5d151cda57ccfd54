/**
 * The program of a simulation: reads its task as JSON from standard input, runs the trace, and writes its answer as
 * JSON to standard output, progress to standard error, and the report with its plots to the folder that the task names.
 *
 * Ends with 0 when it answered, also when the answer is a fault; anything else is a bug.
 */
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault, isFault } from "../../base/fault.ts";
import { formatDuration } from "../../base/units.ts";
import { toDiskFault, writeFileAtomically } from "../../platform/files.ts";
import { type SimulationAnswer, type SimulationTask, simulationTaskSchema } from "../simulator/model.ts";
import { newScheduler } from "../simulator/new-scheduler.ts";
import { reportPlots } from "../simulator/plot/report-plots.ts";
import type { SimulationReport } from "../simulator/report/model.ts";
import { reportPage } from "../simulator/report/report-page.ts";
import { groupRows, headlineRows, type ReportTable } from "../simulator/report/report-tables.ts";
import type { SimulationProgress } from "../simulator/simulation-input.ts";
import { simulateTrace } from "../simulator/simulate-trace.ts";

/** Larger traces are refused: beyond this a text is no longer one string. */
const largestTraceBytes = 500_000_000;
/** Progress is shown this often. */
const progressEveryMs = 1000;
/** Whoever may see the folder may read what was written there. */
const fileMode = 0o644;

async function answerTask(task: SimulationTask): Promise<SimulationAnswer> {
  const report = simulateTrace(task, await readTraceFile(task.trace), newScheduler, progressTeller());
  const files = task.out === null ? [] : await writeReport(report, task.out);
  const tables = [headlineRows(report), groupRows("queue", report.queues), groupRows("size", report.sizes)];
  return { kind: "report", report, tables: tables.map(copyTable), files: [...files] };
}

function copyTable(table: ReportTable): { heading: string[]; rows: string[][] } {
  return { heading: [...table.heading], rows: table.rows.map((row) => [...row]) };
}

async function readInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

async function readTraceFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= largestTraceBytes) return await readFile(path, "utf8");
    const message = `"${path}" has ${size} bytes; a trace may have at most ${largestTraceBytes}`;
    throw new Fault("scheduling.trace-unreadable", message, { details: { path } });
  } catch (cause) {
    if (isFault(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Fault("scheduling.trace-unreadable", `cannot read the trace: ${reason}`, { details: { path }, cause });
  }
}

/** Tells how far it is, at most once a second. */
function progressTeller(): (progress: SimulationProgress) => void {
  let toldAt = performance.now();
  return ({ now, events, arrived, running, waiting }) => {
    if (performance.now() - toldAt < progressEveryMs) return;
    toldAt = performance.now();
    const parts = [`${events} events`, `${arrived} submitted`, `${running} running`, `${waiting} waiting`];
    process.stderr.write(`simulated ${formatDuration(now)}: ${parts.join(", ")}\n`);
  };
}

async function writeReport(report: SimulationReport, folder: string): Promise<readonly string[]> {
  const plots = reportPlots(report);
  const files = new Map([
    ["report.json", `${JSON.stringify(report, null, 2)}\n`],
    ["report.html", reportPage(report, plots)],
    ...plots.map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ]);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw toDiskFault(error, folder);
  }
  for (const [name, content] of files) await writeFileAtomically(join(folder, name), content, fileMode);
  return [...files.keys()].map((name) => join(folder, name));
}

/** An expected failure is an answer; a bug ends the program. */
async function answerInput(): Promise<SimulationAnswer> {
  try {
    return await answerTask(simulationTaskSchema.parse(JSON.parse(await readInput())));
  } catch (error) {
    if (!isFault(error)) throw error;
    return { kind: "fault", code: error.code, message: error.message };
  }
}

process.stdout.write(`${JSON.stringify(await answerInput())}\n`);
