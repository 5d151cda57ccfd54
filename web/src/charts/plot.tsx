import { type ReactNode, useEffect, useRef } from "react";
import uPlot from "uplot";
import { mixColours } from "./mix-colours.ts";
import { exactTime } from "../words/relative-time.ts";
import { axisTime } from "../words/axis-time.ts";
import { themeColour, useShownTheme } from "../design/theme.ts";

/** One line of a plot. `colour` is a CSS variable such as `--series-1`. */
export interface PlotSeries {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null | undefined)[];
  readonly isFilled?: boolean;
  readonly isDashed?: boolean;
  readonly hasSteps?: boolean;
  /** What the legend shows at a place, where it differs from the height that is drawn (stacked areas). */
  readonly shown?: readonly (number | null | undefined)[];
}

interface PlotProps {
  readonly at: readonly number[];
  readonly series: readonly PlotSeries[];
  readonly height?: number;
  /** `time`: places are milliseconds since 1970; `count`: plain numbers. */
  readonly axis: "time" | "count";
  readonly format: (value: number) => string;
  /** Plots with one name move their cursors together. */
  readonly cursorGroup?: string;
  /** Whether the vertical axis begins at zero. */
  readonly isFromZero?: boolean;
  readonly range?: readonly [number, number];
  readonly label: string;
  /** What a place on the horizontal axis is, when it is no time. */
  readonly placeName?: string;
}

const defaultHeight = 190;
/** Counts are whole: between 1 and 2 lies nothing to mark. */
const wholeSteps = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 9 }, (_, power) => step * 10 ** power))
  .toSorted((left, right) => left - right);
const millisPerSecond = 1000;
/** How much of its colour a filled area has; the rest is the panel's, so that areas laid over one another stay clear. */
const fillShare = 0.78;
const headroom = 1.08;

function seriesOptions(series: PlotSeries, format: (value: number) => string): uPlot.Series {
  const stroke = themeColour(series.colour);
  return {
    label: series.label,
    stroke,
    width: series.isFilled === true ? 1 : 1.75,
    spanGaps: false,
    points: { show: series.values.filter((value) => value !== null && value !== undefined).length < 3, size: 5 },
    value: (_plot, value: number | null, _series, index: number | null) => {
      const shown = index === null || series.shown === undefined ? value : series.shown[index];
      return shown === null || shown === undefined ? "–" : format(shown);
    },
    ...(series.isFilled === true ? { fill: mixColours(stroke, themeColour("--panel"), fillShare) } : {}),
    ...(series.isDashed === true ? { dash: [5, 4] } : {}),
    ...(series.hasSteps === true && uPlot.paths.stepped !== undefined
      ? { paths: uPlot.paths.stepped({ align: 1 }) }
      : {}),
  };
}

function verticalRange(isFromZero: boolean): uPlot.Scale {
  if (!isFromZero) return {};
  return { range: (_plot, _least, greatest) => [0, greatest > 0 ? greatest * headroom : 1] };
}

function timeValue(_plot: uPlot, value: number | null): string {
  return value === null ? "–" : exactTime(value * millisPerSecond).slice(0, 19);
}

function timeTicks(plot: uPlot, ticks: readonly number[]): string[] {
  const span = ((plot.scales["x"]?.max ?? 0) - (plot.scales["x"]?.min ?? 0)) * millisPerSecond;
  return ticks.map((tick) => axisTime(tick * millisPerSecond, span));
}

function plotOptions(props: PlotProps, width: number): uPlot.Options {
  const muted = themeColour("--text-muted");
  const grid = { stroke: themeColour("--line"), width: 1 };
  const axis = { stroke: muted, grid, ticks: { ...grid, size: 4 }, font: "11px system-ui, sans-serif" };
  return {
    width,
    height: props.height ?? defaultHeight,
    padding: [8, 12, 0, 0],
    cursor: {
      points: { size: 6 },
      ...(props.cursorGroup === undefined ? {} : { sync: { key: props.cursorGroup } }),
    },
    scales: {
      x: { time: props.axis === "time" },
      y:
        props.range === undefined
          ? verticalRange(props.isFromZero === true)
          : { range: [props.range[0], props.range[1]] },
    },
    axes: [
      { ...axis, size: 30, ...(props.axis === "time" ? { values: timeTicks } : { incrs: wholeSteps }) },
      { ...axis, size: 52, values: (_plot, ticks) => ticks.map((tick) => props.format(tick)) },
    ],
    series: [
      {
        label: props.axis === "time" ? "Time" : (props.placeName ?? "Step"),
        ...(props.axis === "time" ? { value: timeValue } : {}),
      },
      ...props.series.map((each) => seriesOptions(each, props.format)),
    ],
  };
}

/** A plot of lines or filled areas over time or steps; drag to zoom, press twice to see all again. */
export function Plot(props: PlotProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef<DrawnPlot | null>(null);
  const latest = useRef(props);
  const theme = useShownTheme();
  const lines = props.series.map((each) => [each.label, each.colour]);
  const shape = JSON.stringify([theme, props.axis, props.height, props.range, lines]);

  useEffect(() => {
    latest.current = props;
    drawn.current?.show(props);
  }, [props]);

  // The plot is made anew only when its shape changes; new points go into the one that exists.
  useEffect(() => {
    const element = host.current;
    if (element === null || shape === "") return;
    const made = new DrawnPlot(element, latest.current);
    drawn.current = made;
    return () => {
      made.stop();
      drawn.current = null;
    };
  }, [shape]);

  return <div ref={host} className="chart" role="img" aria-label={props.label} />;
}

/** A plot on the page: it follows the width of its element and keeps the reader's zoom when points come. */
class DrawnPlot {
  readonly #plot: uPlot;
  readonly #observer: ResizeObserver;
  #series: PlotProps["series"];
  #isZoomed = false;

  constructor(element: HTMLElement, props: PlotProps) {
    this.#series = props.series;
    this.#plot = new uPlot(plotOptions(props, element.clientWidth), plotData(props), element);
    this.#plot.over.addEventListener("mouseup", () => {
      if (this.#plot.select.width > 0) this.#isZoomed = true;
    });
    this.#plot.over.addEventListener("dblclick", () => {
      this.#isZoomed = false;
    });
    this.#observer = new ResizeObserver(() => {
      this.#plot.setSize({ width: element.clientWidth, height: props.height ?? defaultHeight });
    });
    this.#observer.observe(element);
  }

  show(props: PlotProps): void {
    if (props.series === this.#series) return;
    this.#series = props.series;
    this.#plot.setData(plotData(props), !this.#isZoomed);
    if (this.#isZoomed) this.#plot.redraw(true, true);
  }

  stop(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }
}

function plotData(props: PlotProps): uPlot.AlignedData {
  const at = props.axis === "time" ? props.at.map((instant) => instant / millisPerSecond) : [...props.at];
  return [at, ...props.series.map((each) => [...each.values])];
}
