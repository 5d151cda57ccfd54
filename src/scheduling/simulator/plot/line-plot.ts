import type { Tick } from "./scale.ts";
import { at, colors, gridLine, plotSize, svgFrame, svgText } from "./svg-frame.ts";

/** One line: its name for the legend, and its points in order of x. */
export interface PlotLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** An axis: its title with the unit, its marks, and where values lie on it. The first and last mark are its ends. */
export interface PlotAxis {
  readonly title: string;
  readonly ticks: readonly Tick[];
  readonly isLogarithmic?: boolean;
}

const field = { left: 72, right: plotSize.width - 20, top: 44, bottom: plotSize.height - 48 } as const;
const legendWidth = 150;

/** Draws lines over two axes, with a legend when there is more than one. */
export function linePlot(title: string, x: PlotAxis, y: PlotAxis, lines: readonly PlotLine[]): string {
  const toX = scaleOf(x, field.left, field.right);
  const toY = scaleOf(y, field.bottom, field.top);
  return svgFrame(title, [
    ...y.ticks.flatMap(({ value, label }) => [
      gridLine(field.left, toY(value), field.right, toY(value)),
      svgText(label, field.left - 8, toY(value) + 4, { anchor: "end" }),
    ]),
    ...x.ticks.map(({ value, label }) => svgText(label, toX(value), field.bottom + 18, { anchor: "middle" })),
    svgText(x.title, (field.left + field.right) / 2, plotSize.height - 10, { anchor: "middle" }),
    svgText(y.title, 18, (field.top + field.bottom) / 2, { anchor: "middle", isUpright: true }),
    ...lines.map(({ points }, index) => {
      const path = points.map(([px, py]) => `${at(toX(px))},${at(toY(py))}`).join(" ");
      return `<polyline class="line ${colorOf(index)}" points="${path}"/>`;
    }),
    ...(lines.length > 1 ? lines.flatMap(({ name }, index) => legend(name, index, lines.length)) : []),
  ]);
}

function legend(name: string, index: number, count: number): readonly string[] {
  const left = field.right - (count - index) * legendWidth;
  return [
    `<rect class="fill ${colorOf(index)}" x="${at(left)}" y="20" width="14" height="4"/>`,
    svgText(name, left + 20, 27, { kind: "name" }),
  ];
}

function colorOf(index: number): string {
  return colors[index % colors.length] ?? colors[0];
}

/** Where a value lies between `start` and `end`; on a logarithmic axis as the log of 1 + value, so that 0 has a place. */
function scaleOf({ ticks, isLogarithmic = false }: PlotAxis, start: number, end: number): (value: number) => number {
  const bend = (value: number): number => (isLogarithmic ? Math.log1p(Math.max(0, value)) : value);
  const least = bend(ticks[0]?.value ?? 0);
  const span = bend(ticks.at(-1)?.value ?? 1) - least || 1;
  return (value) => start + Math.min(1, Math.max(0, (bend(value) - least) / span)) * (end - start);
}
