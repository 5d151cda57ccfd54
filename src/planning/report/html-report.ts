import { drawBars } from "./draw-bars.ts";
import { escapeMarkup } from "./escape-markup.ts";
import type { Block, ReportDocument } from "./model.ts";

/** Colours by role; the dark set is chosen by the reader's system. */
const style = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5c6875; --paper: #ffffff; --line: #d9dee5;
  --c0: #2b6cb0; --c1: #c05621; --c2: #2f855a; --c3: #805ad5; --c4: #b7791f; --c5: #c53030; --c6: #2c7a7b; --c7: #718096; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --dim: #9aa7b6; --paper: #12171f; --line: #303a47;
  --c0: #63b3ed; --c1: #f6ad55; --c2: #68d391; --c3: #b794f4; --c4: #f6e05e; --c5: #fc8181; --c6: #4fd1c5; --c7: #a0aec0; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } th.number { white-space: normal; }
.wrong { list-style: none; margin: .6rem 0 1rem; padding: .4rem .8rem; border-left: 3px solid var(--line); color: var(--dim); font-size: .84rem; }
figure { margin: 1rem 0; overflow-x: auto; } .short { white-space: nowrap; } figcaption { color: var(--dim); font-size: .87rem; }
.plot { width: 100%; min-width: 34rem; height: auto; font: 11px system-ui, sans-serif; } .plot text { fill: var(--dim); } .plot .title { fill: var(--ink); font-weight: 600; font-size: 13px; }
.plot .grid { stroke: var(--line); } .plot .mark { stroke: var(--ink); stroke-dasharray: 2 3; } .plot .end { text-anchor: end; } .plot .middle { text-anchor: middle; } .plot .note { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.plot .line { fill: none; stroke-width: 2; } .plot .area { opacity: .55; }
${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `.plot .line.c${n} { stroke: var(--c${n}); } .plot .area.c${n}, .plot .bar.c${n}, .plot .swatch.c${n} { fill: var(--c${n}); }`).join("\n")}
`;

/** Cells of so few letters, such as a month, stay in one line. */
const shortest = 12;

/** Writes a report as one HTML file that needs nothing else: no script, no font, no picture from outside. */
export function writeHtml(document: ReportDocument): string {
  const sections = document.sections.map((section) => {
    return `<section>\n<h2>${escapeMarkup(section.heading)}</h2>\n${section.blocks.map(writeBlock).join("\n")}\n</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(document.title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeMarkup(document.title)}</h1>
${sections.join("\n")}
</body>
</html>
`;
}

/** Text whose figures stay with their percent sign where the line breaks. */
const writeText = (text: string): string => escapeMarkup(text).replace(/(?<=\d) (?=%)/g, "&nbsp;");

function writeBlock(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p>${writeText(block.text)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${writeText(item)}</li>`).join("\n")}\n</ul>`;
    case "plot":
      return `<figure>\n${block.svg}\n<figcaption>${escapeMarkup(block.caption)}</figcaption>\n</figure>`;
    case "errors":
      return `<ul class="wrong">\n${block.items.map((item) => `<li>${writeText(item)}</li>`).join("\n")}\n</ul>`;
    case "bars":
      return `<figure>\n${drawBars(block)}\n<figcaption>${escapeMarkup(block.caption)}</figcaption>\n</figure>`;
    case "table":
      return writeTable(block.head, block.rows);
  }
}

function writeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumber = (column: number): boolean => head[column]?.startsWith("#") === true;
  const classOf = (column: number, cell = ""): string =>
    isNumber(column) ? ' class="number"' : cell !== "" && cell.length <= shortest ? ' class="short"' : "";
  const names = head.map((name, column) => `<th${classOf(column)}>${escapeMarkup(name.replace(/^#/, ""))}</th>`);
  const lines = rows.map((row) => {
    return `<tr>${row.map((cell, column) => `<td${classOf(column, cell)}>${writeText(cell)}</td>`).join("")}</tr>`;
  });
  return `<div class="wide"><table>\n<thead><tr>${names.join("")}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table></div>`;
}
