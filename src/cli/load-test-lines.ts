import { formatDuration } from "../base/units.ts";
import type { LoadTestProgress, LoadTestReport, SpanFigures } from "../serving/loadtest/model.ts";
import { type Paint, renderTable } from "./table.ts";

/** How far a load test is, in one line. */
export function progressLine(progress: LoadTestProgress): string {
  const { elapsedMs, due, done, failed, inFlight, waiting, ttftP50Ms, outputTokensPerSecond } = progress;
  const parts = [
    `${formatDuration(elapsedMs)}: ${due} due, ${done} done, ${failed} failed, ${inFlight} in flight`,
    ...(waiting > 0 ? [`${waiting} wait here`] : []),
    ...(ttftP50Ms === null ? [] : [`first token ${milliseconds(ttftP50Ms)}`]),
    ...(outputTokensPerSecond > 0 ? [`${Math.round(outputTokensPerSecond)} tokens/s`] : []),
  ];
  return parts.join(", ");
}

/** The report of a load test as lines for people. */
export function reportLines(
  report: LoadTestReport,
  options: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  const { requests, throughput, goodput, tokens, lateMs } = report;
  const lines = [...spanTable(report, options), ""];
  const unfinished = requests.unfinished > 0 ? `, ${requests.unfinished} unfinished` : "";
  lines.push(`requests     ${requests.due} due, ${requests.done} done, ${requests.failed} failed${unfinished}`);
  const perSecond = [`${figure(throughput.requestsPerSecond)} requests/s`];
  if (tokens.output > 0) {
    perSecond.push(`${figure(throughput.inputTokensPerSecond)} tokens/s in`);
    perSecond.push(`${figure(throughput.outputTokensPerSecond)} tokens/s out`);
  }
  lines.push(`throughput   ${perSecond.join(", ")}`);
  if (tokens.input > 0 && tokens.cached > 0) {
    lines.push(`prefix cache ${figure((tokens.cached / tokens.input) * 100)} % of prompt tokens were found there`);
  }
  if (goodput !== null) {
    const share = `${figure(goodput.share * 100)} % of all requests`;
    lines.push(`goodput      ${figure(goodput.requestsPerSecond)} requests/s, ${share} (${sloWords(report)})`);
  }
  if (lateMs !== null) lines.push(`sent late by ${milliseconds(lateMs.p50)} (p50), ${milliseconds(lateMs.p99)} (p99)`);
  for (const { code, count, message } of report.errors) lines.push(`error        ${count} × ${code}: ${message}`);
  return lines;
}

function spanTable(
  report: LoadTestReport,
  options: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  const named: readonly (readonly [string, SpanFigures | null])[] = [
    ["time to first token", report.ttftMs],
    ["time for each token", report.tpotMs],
    ["end to end", report.endToEndMs],
  ];
  const rows = named.flatMap(([name, spans]) =>
    spans === null ? [] : [[name, ...[spans.mean, spans.p50, spans.p95, spans.p99, spans.max].map(milliseconds)]],
  );
  if (rows.length === 0) return ["no request was answered"];
  const columns = ["from when it was due", "mean", "p50", "p95", "p99", "max"].map((heading, index) => ({
    heading,
    align: index === 0 ? ("left" as const) : ("right" as const),
    canShrink: false,
  }));
  return renderTable(
    columns,
    rows.map((row) => row.map((text) => ({ text, tone: "plain" as const }))),
    options,
  );
}

function sloWords({ shape: { slo } }: LoadTestReport): string {
  const named: readonly (readonly [string, number | undefined])[] = [
    ["ttft", slo?.ttftMs],
    ["tpot", slo?.tpotMs],
    ["e2e", slo?.endToEndMs],
  ];
  return named.flatMap(([name, bound]) => (bound === undefined ? [] : [`${name} ≤ ${milliseconds(bound)}`])).join(", ");
}

function milliseconds(span: number): string {
  return span >= 10_000 ? formatDuration(span) : `${figure(span)} ms`;
}

/** Three digits that count. */
function figure(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
