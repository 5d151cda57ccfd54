import { roundTicks } from "./scale.ts";
import { at, gridLine, plotSize, svgFrame, svgText } from "./svg-frame.ts";

/** One bar; null is drawn as nothing, with a dash. */
export interface PlotBar {
  readonly name: string;
  readonly value: number | null;
}

/** Bars beyond this are counted, not drawn. */
const barsMax = 24;
const field = { left: 190, right: plotSize.width - 80, top: 44 } as const;
const rowHeight = 24;
const longestName = 24;

/** Draws a horizontal bar for each entry, in their order, with its value beside it. */
export function barPlot(title: string, axisTitle: string, bars: readonly PlotBar[]): string {
  const drawn = bars.slice(0, barsMax);
  const ticks = roundTicks(drawn.reduce((most, { value }) => Math.max(most, value ?? 0), 0));
  const end = ticks.at(-1)?.value ?? 1;
  const toX = (value: number): number => field.left + (value / end) * (field.right - field.left);
  const bottom = field.top + Math.max(1, drawn.length) * rowHeight;
  const rest = bars.length - drawn.length;
  return svgFrame(
    title,
    [
      ...ticks.flatMap(({ value, label }) => [
        gridLine(toX(value), field.top, toX(value), bottom),
        svgText(label, toX(value), bottom + 18, { anchor: "middle" }),
      ]),
      ...drawn.flatMap((bar, index) => drawBar(bar, field.top + index * rowHeight, toX)),
      svgText(axisTitle, (field.left + field.right) / 2, bottom + 38, { anchor: "middle" }),
      ...(rest > 0 ? [svgText(`and ${rest} more`, field.left - 8, bottom + 18, { anchor: "end" })] : []),
    ],
    bottom + 52,
  );
}

function drawBar({ name, value }: PlotBar, top: number, toX: (value: number) => number): readonly string[] {
  const middle = top + rowHeight / 2 + 4;
  const shown = name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name;
  const end = toX(value ?? 0);
  return [
    svgText(shown, field.left - 8, middle, { kind: "name", anchor: "end" }),
    `<rect class="fill c0" x="${at(field.left)}" y="${at(top + 4)}" width="${at(end - field.left)}" height="${rowHeight - 8}"/>`,
    svgText(value === null ? "–" : format(value), end + 6, middle),
  ];
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
