import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { Fault } from "../base/fault.ts";
import type { LooseQuestion, QuestionSource } from "./planning-answer.ts";

/** Larger traces are refused by the planner. */
const largestTraceBytes = 4_000_000;

/**
 * The plan with the rows of the trace that it names inside of it, read from beside its file: what is handed on as a value reads no
 * files.
 *
 * @throws {Fault} `cli.file-unreadable` with the place of the path in the plan.
 */
export async function inlineTrace({ question, document }: QuestionSource): Promise<LooseQuestion> {
  const { trace } = question;
  if (typeof trace !== "object" || trace === null || !("file" in trace) || typeof trace.file !== "string")
    return question;
  const path = resolve(document?.source.folder ?? ".", trace.file);
  const unreadable = (why: string, cause?: unknown): Fault => {
    const place = document?.problemAt(["trace", "file"], "value", "", null);
    const where = place === undefined ? "" : `${place.file}:${place.line}:${place.column}: `;
    return new Fault("cli.file-unreadable", `${where}trace.file: cannot read "${path}": ${why}`, { cause });
  };
  const text = await stat(path)
    .then(async ({ size }) => {
      if (size > largestTraceBytes) throw new RangeError(`more than ${largestTraceBytes} bytes`);
      return await readFile(path, "utf8");
    })
    .catch((cause: unknown) => {
      throw unreadable(cause instanceof Error ? cause.message : String(cause), cause);
    });
  const { file: _file, ...rest } = trace;
  return { ...question, trace: { ...rest, text } };
}
