/**
 * The program of a pipeline's step: reads `task.json` in its folder, runs the step's SQL, writes its rows to their
 * place, checks them, and writes `report.json`, each whole or not at all. It registers nothing: the server does.
 *
 * Ends with 0 when it wrote a report, also when the report says what is wrong with the SQL or a file; anything else is
 * a failure of the program itself.
 */
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Fault, isFault } from "../../base/fault.ts";
import { toDiskFault, writeFileAtomically } from "../../platform/files.ts";
import { hashFile, requireUnchanged, stampOf } from "../drivers/dataset-files.ts";
import { toDuckdbFault } from "../drivers/duckdb-fault.ts";
import type { SessionReply, SessionRequest } from "../drivers/duckdb-message.ts";
import { runSession } from "../drivers/duckdb-session.ts";
import { inspectRows } from "../inspect-rows.ts";
import type { SqlEngine } from "../ports.ts";
import { countOwnLines, findSqlPosition } from "../sql-position.ts";
import type { StepReport } from "../step-report.ts";
import { linesBeforeStep, stepStatements } from "../step-statements.ts";
import { exitDiskFull, stepReportFile, type StepTask, stepTaskFile, unfinishedPaths } from "../step-task.ts";

/** A step is stopped from outside, by a signal to the process. */
const { signal } = new AbortController();

async function run(task: StepTask): Promise<StepReport> {
  const { path, tables, output, checkHash } = task;
  const unfinished = unfinishedPaths(path);
  try {
    for (const table of tables) await requireUnchanged(table);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeRows(task);
    for (const table of tables) await requireUnchanged(table);
    await rename(unfinished.rows, path);
    const source = await stampOf(path);
    const contentHash = await hashFile(path, signal);
    const inspection = await inspectRows(engineOf(task), path, output, signal);
    const seconds = performance.now() / 1000;
    return { kind: "written", ...inspection, source, contentHash, checkHash, seconds };
  } catch (error) {
    throw toDiskFault(error, path);
  } finally {
    await rm(unfinished.rows, { force: true });
    await rm(unfinished.spill, { recursive: true, force: true });
  }
}

async function writeRows(task: StepTask): Promise<void> {
  const target = { kind: "parquet", path: unfinishedPaths(task.path).rows } as const;
  const files = task.tables.map((table) => table.path);
  const reply = await runSession({
    statements: stepStatements(task.step, task.tables),
    target,
    ...optionsOf(task, files),
  });
  if (reply.kind === "failed") throw stepFault(reply, task, files);
}

function optionsOf(task: StepTask, files: readonly string[]): Pick<SessionRequest, "files" | "limits"> {
  const { threads, memory, path } = task;
  return { files, limits: { threads, memory, spillFolder: unfinishedPaths(path).spill } };
}

/** A fault that names the place in the SQL as its writer counts lines. */
function stepFault(reply: SessionReply & { readonly kind: "failed" }, task: StepTask, files: readonly string[]): Fault {
  const { sql } = task.step;
  const fault = toDuckdbFault(countOwnLines(reply.message, linesBeforeStep), reply.statement, files);
  const position = findSqlPosition(reply.message, sql, linesBeforeStep);
  if (position === undefined) return fault;
  const place = `line ${position.line}, column ${position.column} of its SQL`;
  return new Fault(fault.code, `${place}: ${fault.message}`, { details: { ...fault.details, ...position } });
}

/** The engine that the rows' rules are checked with: this process's own. */
function engineOf(task: StepTask): Pick<SqlEngine, "query"> {
  return {
    async query(statements, { maxRows, files }) {
      const reply = await runSession({ statements, target: { kind: "rows", maxRows }, ...optionsOf(task, files) });
      if (reply.kind === "failed") throw toDuckdbFault(reply.message, reply.statement, files);
      if (reply.kind !== "rows") throw new Error(`a query answered ${reply.kind}`);
      return reply.result;
    },
  };
}

async function main(): Promise<void> {
  const task = JSON.parse(await readFile(stepTaskFile, "utf8")) as StepTask;
  console.log(
    `step ${task.step.name} reads ${task.tables.map((table) => `${table.dataset}@${table.version}`).join(", ") || "nothing"}`,
  );
  let report: StepReport;
  try {
    report = await run(task);
    console.log(`${report.kind === "written" ? report.rows : 0} rows in ${(performance.now() / 1000).toFixed(1)} s`);
  } catch (error) {
    if (!isFault(error)) throw error;
    console.error(error.message);
    report = { kind: "failed", code: error.code, message: error.message };
  }
  try {
    await writeFileAtomically(stepReportFile, JSON.stringify(report));
  } catch (error) {
    if (!isFault(error, "platform.disk-full")) throw error;
    console.error(error.message);
    process.exitCode = exitDiskFull;
  }
}

await main();
