import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../base/fault.ts";
import { type FaultCode, faultKinds } from "../base/fault-codes.ts";
import { type PlanningReply, type PlanningTask, planningReplySchema } from "../planning/questions/model.ts";
import type { CommandContext } from "./command-context.ts";

const ownPath = fileURLToPath(import.meta.url);
const program = fileURLToPath(new URL(`../planning/tasks/ask${extname(ownPath)}`, import.meta.url));

/**
 * Asks the planner one question in a process of its own; no server is needed.
 *
 * @throws {Fault} the planner's own, or `cli.planning-failed` with what it said last.
 */
export async function askPlanner(
  context: CommandContext,
  task: Pick<PlanningTask, "kind" | "question" | "site">,
): Promise<Extract<PlanningReply, { readonly kind: "answer" }>> {
  const child = spawn(process.execPath, [...process.execArgv, program], {
    stdio: ["pipe", "pipe", "pipe"],
    signal: context.signal,
  });
  let output = "";
  let talk = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (talk += chunk));
  child.stdin.on("error", () => undefined);
  const thisMonth = new Date(context.clock.now()).toISOString().slice(0, "2026-12".length);
  child.stdin.end(JSON.stringify({ ...task, thisMonth }));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const reply = code === 0 ? planningReplySchema.parse(JSON.parse(output)) : undefined;
  if (reply?.kind === "answer") return reply;
  if (reply !== undefined && isFaultCode(reply.code)) {
    throw new Fault(reply.code, reply.message, { details: { problems: reply.problems } });
  }
  throw new Fault("cli.planning-failed", `the planner ended with ${signal ?? `exit code ${code}`}:\n${talk.trim()}`);
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultKinds, code);
}
