import { drawBars } from "./draw-bars.ts";
import { escapeMarkup } from "./escape-markup.ts";
import type { Block, ReportDocument, Section, StatedError } from "./model.ts";
import { tellBasesOnce } from "./stated-errors.ts";

/** Colours by role; the dark set is chosen by the reader's system, and paper is white. */
const style = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #5c6875; --paper: #ffffff; --line: #d9dee5;
  --c0: #2b6cb0; --c1: #c05621; --c2: #2f855a; --c3: #805ad5; --c4: #b7791f; --c5: #c53030; --c6: #2c7a7b; --c7: #718096; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e6ebf2; --dim: #9aa7b6; --paper: #12171f; --line: #303a47;
  --c0: #63b3ed; --c1: #f6ad55; --c2: #68d391; --c3: #b794f4; --c4: #f6e05e; --c5: #fc8181; --c6: #4fd1c5; --c7: #a0aec0; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } th.number { white-space: normal; }
nav { font-size: .87rem; color: var(--dim); } nav ol { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; margin: .4rem 0 0; padding: 0; list-style: none; } a { color: var(--c0); }
.wrong { margin: .8rem 0 1rem; padding: .4rem .8rem; border-left: 3px solid var(--line); color: var(--dim); font-size: .84rem; }
.wrong p { margin: 0 0 .2rem; font-weight: 600; color: var(--ink); } .wrong ul { list-style: none; margin: 0; padding: 0; }
.wrong li { display: grid; grid-template-columns: 8.5rem minmax(0, 1fr); gap: 0 .8rem; } .wrong b { color: var(--ink); font-weight: 600; } .wrong i { font-style: normal; color: var(--ink); }
figure { margin: 1rem 0; overflow-x: auto; } .short { white-space: nowrap; } figcaption { color: var(--dim); font-size: .87rem; }
.plot { width: 100%; min-width: 34rem; height: auto; font: 11px system-ui, sans-serif; } .plot text { fill: var(--dim); } .plot .title { fill: var(--ink); font-weight: 600; font-size: 13px; }
.plot .grid { stroke: var(--line); } .plot .mark { stroke: var(--ink); stroke-dasharray: 2 3; } .plot .end { text-anchor: end; } .plot .middle { text-anchor: middle; } .plot .note { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
.plot .line { fill: none; stroke-width: 2; } .plot .thin { stroke-width: 1; } .plot .area { opacity: .55; }
.plot .band { fill: var(--ink); opacity: .08; } .plot .edge { fill: none; stroke: var(--dim); stroke-dasharray: 5 4; }
${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `.plot .line.c${n} { stroke: var(--c${n}); } .plot .area.c${n}, .plot .bar.c${n}, .plot .swatch.c${n} { fill: var(--c${n}); }`).join("\n")}
@page { size: A4; margin: 16mm 14mm; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 9.5pt; } nav { display: none; } h1 { margin-top: 0; }
  h2 { break-after: avoid; margin-top: 1.4rem; } p { orphans: 3; widows: 3; } figure, tr, li { break-inside: avoid; } figure, .wide { overflow: visible; }
  .wrong, figcaption { font-size: 8pt; } table { font-size: 7.5pt; } th, td { padding: .15rem .35rem; overflow-wrap: anywhere; } .number, .short { white-space: normal; overflow-wrap: normal; }
  .plot { min-width: 0; max-height: 9cm; } * { print-color-adjust: exact; } }
`;

/** Cells of so few letters, such as a month, stay in one line. */
const shortest = 12;

/** Writes a report as one HTML file that needs nothing else: no script, no font, no picture from outside. */
export function writeHtml(document: ReportDocument): string {
  const { sections } = tellBasesOnce(document);
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
${writeContents(sections)}${sections.map(writeSection).join("\n")}
</body>
</html>
`;
}

/** Fewer sections than this are seen at once. */
const fewestForContents = 4;

function writeContents(sections: readonly Section[]): string {
  if (sections.length < fewestForContents) return "";
  const links = sections.map(({ heading }, index) => `<li><a href="#s${index + 1}">${escapeMarkup(heading)}</a></li>`);
  return `<nav aria-label="Sections"><ol>\n${links.join("\n")}\n</ol></nav>\n`;
}

function writeSection({ heading, blocks }: Section, index: number): string {
  return `<section>\n<h2 id="s${index + 1}">${escapeMarkup(heading)}</h2>\n${blocks.map(writeBlock).join("\n")}\n</section>`;
}

/** Text whose figures stay with their percent sign where the line breaks. */
const writeText = (text: string): string => escapeMarkup(text).replace(/(?<=\d) (?=%)/g, "&nbsp;");

function writeBlock(block: Block): string {
  switch (block.kind) {
    case "text":
      return `<p>${writeText(block.text)}</p>`;
    case "list":
      return block.items.length === 0
        ? ""
        : `<ul>\n${block.items.map((item) => `<li>${writeText(item)}</li>`).join("\n")}\n</ul>`;
    case "plot":
      return `<figure>\n${block.svg}\n<figcaption>${escapeMarkup(block.caption)}</figcaption>\n</figure>`;
    case "errors":
      return writeErrors(block.items);
    case "bars":
      return `<figure>\n${drawBars(block)}\n<figcaption>${escapeMarkup(block.caption)}</figcaption>\n</figure>`;
    case "table":
      return block.rows.length === 0 ? "" : writeTable(block.head, block.rows);
  }
}

/** The error first, then what it is of, then what tells it. */
function writeErrors(items: readonly StatedError[]): string {
  const lines = items.map(({ quantity, stated, basis }) => {
    const told = basis === "" ? "" : `: ${writeText(basis)}`;
    return `<li><b>${writeText(stated)}</b><span><i>${writeText(quantity)}</i>${told}</span></li>`;
  });
  return `<div class="wrong">\n<p>How wrong this may be</p>\n<ul>\n${lines.join("\n")}\n</ul>\n</div>`;
}

function writeTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isNumber = (column: number): boolean => head[column]?.startsWith("#") === true;
  const classOf = (column: number, cell = ""): string =>
    isNumber(column) ? ' class="number"' : cell !== "" && cell.length <= shortest ? ' class="short"' : "";
  const names = head.map(
    (name, column) => `<th scope="col"${classOf(column)}>${escapeMarkup(name.replace(/^#/, ""))}</th>`,
  );
  const lines = rows.map((row) => {
    return `<tr>${row.map((cell, column) => `<td${classOf(column, cell)}>${writeText(cell)}</td>`).join("")}</tr>`;
  });
  return `<div class="wide"><table>\n<thead><tr>${names.join("")}</tr></thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table></div>`;
}
