import type { FleetPlan } from "../fleet/fleet-plan.ts";
import { describeFleet } from "./describe-fleet.ts";
import { writeHtml } from "./html-report.ts";
import { writeMarkdown } from "./markdown-report.ts";
import type { ReportDocument } from "./model.ts";
import { writePartsCsv } from "./parts-csv.ts";
import { writeTablesCsv } from "./tables-csv.ts";

/** The files that an answer is written to. */
export const reportFileNames = ["report.md", "report.html", "plan.json", "parts.csv"] as const;

/** The answer in every form: file name to text. */
export type ReportFiles = Readonly<Record<(typeof reportFileNames)[number], string>>;

/** A report as Markdown, as HTML that stands alone, and its tables as CSV. */
export function documentFiles(
  document: ReportDocument,
): Readonly<Record<"report.md" | "report.html" | "tables.csv", string>> {
  return {
    "report.md": writeMarkdown(document),
    "report.html": writeHtml(document),
    "tables.csv": writeTablesCsv(document),
  };
}

/** Writes the answer as Markdown, as HTML that stands alone, as JSON, and its parts as CSV. */
export function reportFiles(plan: FleetPlan): ReportFiles {
  const document = describeFleet(plan);
  return {
    "report.md": writeMarkdown(document),
    "report.html": writeHtml(document),
    "plan.json": `${JSON.stringify(plan, null, 2)}\n`,
    "parts.csv": writePartsCsv(plan.parts, plan.errors),
  };
}
