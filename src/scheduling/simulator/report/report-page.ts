import { escapeText } from "../plot/svg-frame.ts";
import type { ReportPlot } from "../plot/report-plots.ts";
import type { SimulationReport } from "./model.ts";
import { groupRows, headlineRows, type ReportTable } from "./report-tables.ts";

const style = `
:root { color-scheme: light dark; --back: #ffffff; --text: #1f2937; --dim: #6b7280; --grid: #e5e7eb; }
@media (prefers-color-scheme: dark) { :root { --back: #111827; --text: #f3f4f6; --dim: #9ca3af; --grid: #374151; } }
body { background: var(--back); color: var(--text); font: 14px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: right; padding: 0.2rem 0.6rem; border-bottom: 1px solid var(--grid); }
th { color: var(--dim); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
.mw-plot { max-width: 100%; height: auto; } .wide { overflow-x: auto; } p { color: var(--dim); }
`.trim();

/** Writes a report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
export function reportPage(report: SimulationReport, plots: readonly ReportPlot[]): string {
  const title = `Simulation: policy ${report.policy}`;
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeText(title)}</title>`,
    `<style>${style}</style></head>`,
    "<body>",
    `<h1>${escapeText(title)}</h1>`,
    ...report.notes.map((note) => `<p>${escapeText(note)}</p>`),
    writeTable(headlineRows(report)),
    ...plots.map(({ svg }) => svg),
    "<h2>Queues</h2>",
    writeTable(groupRows("queue", report.queues)),
    "<h2>Sizes</h2>",
    writeTable(groupRows("size", report.sizes)),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function writeTable({ heading, rows }: ReportTable): string {
  const line = (cells: readonly string[], tag: "th" | "td"): string =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((row) => line(row, "td")).join("\n");
  return `<div class="wide"><table><thead>${line(heading, "th")}</thead><tbody>\n${body}\n</tbody></table></div>`;
}
