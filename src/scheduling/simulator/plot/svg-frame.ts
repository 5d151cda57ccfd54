/** The size of a plot, and of the field inside its axes, in pixels. */
export const plotSize = { width: 760, height: 300 } as const;

/** Colours of lines and bars, in the order in which they are taken. */
export const colors = ["c0", "c1", "c2"] as const;

/** Light unless the reader prefers dark; the background is drawn too, so that neither depends on the page. */
const style = `
.mw-plot { --back: #ffffff; --text: #1f2937; --dim: #6b7280; --grid: #e5e7eb; --c0: #2563eb; --c1: #c2410c; --c2: #0f766e; }
@media (prefers-color-scheme: dark) {
.mw-plot { --back: #111827; --text: #f3f4f6; --dim: #9ca3af; --grid: #374151; --c0: #60a5fa; --c1: #fb923c; --c2: #2dd4bf; }
}
.mw-plot text { font: 12px system-ui, sans-serif; fill: var(--dim); }
.mw-plot .title { font-size: 14px; font-weight: 600; fill: var(--text); }
.mw-plot .name { fill: var(--text); }
.mw-plot .back { fill: var(--back); }
.mw-plot .grid { stroke: var(--grid); stroke-width: 1; }
.mw-plot .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
${colors.map((color) => `.mw-plot .line.${color} { stroke: var(--${color}); } .mw-plot .fill.${color} { fill: var(--${color}); }`).join("\n")}
`.trim();

/** Puts the parts of a plot into a document of their own, with a title for eyes and for screen readers. */
export function svgFrame(title: string, parts: readonly string[], height: number = plotSize.height): string {
  const { width } = plotSize;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="mw-plot" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${escapeText(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    svgText(title, 16, 24, { kind: "title" }),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

/** How a text stands: its class, its side, and whether it runs upwards. */
interface TextStyle {
  readonly kind?: "title" | "name";
  readonly anchor?: "start" | "middle" | "end";
  readonly isUpright?: boolean;
}

/** One line of text. */
export function svgText(text: string, x: number, y: number, { kind, anchor, isUpright }: TextStyle = {}): string {
  const attributes = [
    kind === undefined ? "" : ` class="${kind}"`,
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    isUpright === true ? ` transform="rotate(-90 ${at(x)} ${at(y)})"` : "",
  ].join("");
  return `<text x="${at(x)}" y="${at(y)}"${attributes}>${escapeText(text)}</text>`;
}

/** A thin line of the grid. */
export function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;
}

/** A coordinate with one digit: a tenth of a pixel is enough for every eye. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text that is safe between tags and in attributes. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
