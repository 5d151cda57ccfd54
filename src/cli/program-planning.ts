import type { Command } from "commander";
import type { Act } from "./command-action.ts";

/** Planning: how large, how dear, and how wrong the answer may be. No server is needed. */
export function addPlanningCommands(program: Command, act: Act): void {
  const plan = program
    .command("plan")
    .description("size and price a whole fleet from a plan.yaml")
    .option("-f, --file <path>", "the plan")
    .option("-o, --out <folder>", "write report.md, report.html, plan.json and parts.csv there")
    .option("--schema", "print the JSON Schema of plans, for editors");
  act(plan, async (context, options) => (await import("./commands/plan.ts")).plan(context, options));
}
