import { median } from "../benchmark.ts";
import type { BenchModel, OnnxContestant, Seen, Trial } from "./onnx-peers.ts";

/** What is told of one contestant in one trial: medians over the rounds. */
export interface OnnxFigures {
  readonly model: string;
  readonly rows: number;
  readonly concurrency: number;
  readonly contestant: string;
  readonly cpuMicrosPerRow: number;
  readonly rowsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

/** The medians of one contestant's rounds. */
export function toFigures(
  { model, rows, concurrency }: Trial,
  contestant: string,
  samples: readonly Seen[],
): OnnxFigures {
  const of = (value: (seen: Seen) => number): number => median(samples.map(value));
  return {
    model: model.name,
    rows,
    concurrency,
    contestant,
    cpuMicrosPerRow: of((seen) => seen.cpuMicros / Math.max(1, seen.requests * rows)),
    rowsPerSecond: of((seen) => (seen.requests * rows) / seen.seconds),
    p50Ms: of((seen) => seen.p50Ms),
    p99Ms: of((seen) => seen.p99Ms),
    errors: samples.reduce((sum, seen) => sum + seen.errors, 0),
  };
}

/** What the page tells. */
export interface OnnxReport {
  readonly figures: readonly OnnxFigures[];
  readonly contestants: readonly OnnxContestant[];
  readonly models: readonly BenchModel[];
  readonly rounds: number;
  readonly seconds: number;
  /** Where and when the figures were taken. */
  readonly notes: readonly string[];
}

/** The page of the benchmark's figures. */
export function onnxPage(report: OnnxReport): string {
  const { figures, contestants, models, rounds, seconds, notes } = report;
  const shapes = models.map(({ name, widths }) => `\`${name}\` has layers of ${widths.join(", ")}`).join("; ");
  const abouts = new Set(contestants.map(({ name, about }) => `${name.split(",")[0]}: ${about}`));
  return [
    "# Benchmark: ONNX models",
    "",
    `The same perceptrons (${shapes}; FP32, made by the`,
    "benchmark) asked in one run by the same number of callers, who never pause (closed loop): in the caller's own process, through Millwright, and through MLServer. All answers were compared first. CPU is user and",
    "system time of the serving processes, load generator left out, divided by rows; it is the figure to compare, since the load generators",
    `(wrk for REST, a Node program for gRPC) share the cores with what they load. Medians of ${rounds} interleaved rounds of ${seconds} s.`,
    "Ratio: CPU of the peer for each row over ours by the same protocol, above 1: Millwright is better; of `direct` it is its CPU over ours",
    "by JSON, hence below 1: what serving costs beside the run itself.",
    "",
    "| model | rows a request | callers | way | CPU, us a row | ratio | rows/s | p50, ms | p99, ms | errors |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...figures.map((row) => line(row, figures)),
    "",
    ...[...abouts].map((about) => `- ${about}`),
    ...notes.map((note) => `- ${note}`),
    "",
  ].join("\n");
}

function line(row: OnnxFigures, figures: readonly OnnxFigures[]): string {
  const { model, rows, concurrency, contestant } = row;
  const way = contestant === "direct" ? "JSON" : contestant.split(", ")[1];
  const ours = figures.find(
    (each) =>
      each.model === model &&
      each.rows === rows &&
      each.concurrency === concurrency &&
      each.contestant === `millwright, ${way}`,
  );
  const ratio = ours === undefined || ours === row ? "" : (row.cpuMicrosPerRow / ours.cpuMicrosPerRow).toFixed(2);
  const figuresShown = [row.cpuMicrosPerRow, ratio, row.rowsPerSecond, row.p50Ms, row.p99Ms].map((value) =>
    typeof value === "string" ? value : show(value),
  );
  return `| ${[model, rows, concurrency, contestant, ...figuresShown, row.errors].join(" | ")} |`;
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
