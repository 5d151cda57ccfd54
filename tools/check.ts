import { styleText } from "node:util";
import { formatDuration } from "../src/base/units.ts";
import { type Outcome, runProgram } from "./checks/run-program.ts";
import { checkSteps, type Step } from "./checks/steps.ts";

/** Why a step failed, or undefined: its exit code, or no sign that it looked at anything. */
function failureOf(step: Step, { exitCode, output }: Outcome): string | undefined {
  if (exitCode !== 0) return `ended with ${exitCode}`;
  if (step.proof !== undefined && !step.proof.test(output)) return `looked at nothing (expected ${step.proof})`;
  return undefined;
}

/** Runs every step even when one fails: a reader wants all the news at once. */
async function check(root: string, only: readonly string[]): Promise<number> {
  const stopped = new AbortController();
  process.once("SIGINT", () => stopped.abort());
  const known = checkSteps(root);
  const unknown = only.filter((name) => !known.some((step) => step.name === name));
  if (unknown.length > 0) {
    const names = known.map((step) => step.name).join(", ");
    process.stderr.write(`wanted steps of ${names}; found ${unknown.join(", ")}; name those, or none for all\n`);
    return 2;
  }
  const steps = known.filter((step) => only.length === 0 || only.includes(step.name));

  const failures: string[] = [];
  for (const step of steps) {
    const outcome = await runProgram(step.command, { folder: root }, stopped.signal);
    const failure = failureOf(step, outcome);
    const mark = failure === undefined ? styleText("green", "ok  ") : styleText("red", "FAIL");
    process.stdout.write(`${mark} ${step.name.padEnd(14)} ${formatDuration(outcome.tookMs)}\n`);
    if (failure !== undefined) {
      failures.push(`${styleText("red", `${step.name} ${failure}`)}\n${outcome.output.trimEnd()}\n`);
    }
  }
  if (failures.length === 0) return 0;
  process.stdout.write(`\n${failures.join("\n")}\n${failures.length} of ${steps.length} steps failed\n`);
  return 1;
}

process.exitCode = await check(process.cwd(), process.argv.slice(2));
