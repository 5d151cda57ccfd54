import type { ReactNode } from "react";
import type { LoadTestReport, SpanFigures } from "../../../../src/serving/loadtest/model.ts";
import { Plot } from "../../charts/plot.tsx";
import { Figures } from "../../design/figures.tsx";
import { formatCount, formatFigure, formatPercent, formatSpan } from "../../words/numbers.ts";

/** What a load test found, in figures and pictures. */
export function LoadTestResult({ report }: { readonly report: LoadTestReport }): ReactNode {
  return (
    <>
      <ResultFigures report={report} />
      {report.errors.length > 0 && <ErrorList errors={report.errors} />}
      <SpanTable report={report} />
      <div className="grid-2">
        <CurvePicture report={report} />
        <TimePicture report={report} />
      </div>
    </>
  );
}

function ResultFigures({ report }: { readonly report: LoadTestReport }): ReactNode {
  const { requests, throughput, goodput, tokens, lateMs } = report;
  return (
    <Figures
      facts={[
        { label: "Requests", value: formatCount(requests.due), note: `${formatCount(requests.done)} answered` },
        {
          label: "Failed",
          value: formatCount(requests.failed),
          note: requests.unfinished > 0 ? `${formatCount(requests.unfinished)} unfinished` : "",
        },
        { label: "Throughput", value: `${formatFigure(throughput.requestsPerSecond, 3)}/s`, note: "requests answered" },
        ...(tokens.output > 0
          ? [
              {
                label: "Tokens out",
                value: `${formatFigure(throughput.outputTokensPerSecond, 3)}/s`,
                note: tokens.cached > 0 ? `${formatPercent(tokens.cached / tokens.input, 0)} of prompts cached` : "",
              },
            ]
          : []),
        ...(goodput === null
          ? []
          : [
              {
                label: "Goodput",
                value: formatPercent(goodput.share, 1),
                note: `${formatFigure(goodput.requestsPerSecond, 3)} good requests/s`,
              },
            ]),
        {
          label: "Sent late by",
          value: lateMs === null ? "–" : formatSpan(lateMs.p99),
          note: "99th percentile, counted in",
        },
      ]}
    />
  );
}

function ErrorList({ errors }: { readonly errors: LoadTestReport["errors"] }): ReactNode {
  return (
    <ul className="stack tight">
      {errors.map((error) => (
        <li key={error.code} className="bad">
          {formatCount(error.count)} × <code>{error.code}</code> <span className="muted">{error.message}</span>
        </li>
      ))}
    </ul>
  );
}

function namedSpans(report: LoadTestReport): readonly (readonly [string, SpanFigures])[] {
  const all: readonly (readonly [string, SpanFigures | null])[] = [
    ["First token", report.ttftMs],
    ["Each token", report.tpotMs],
    ["Whole answer", report.endToEndMs],
  ];
  return all.flatMap(([name, spans]) => (spans === null ? [] : [[name, spans] as const]));
}

function SpanTable({ report }: { readonly report: LoadTestReport }): ReactNode {
  const named = namedSpans(report);
  if (named.length === 0) return <p className="muted">No request was answered.</p>;
  return (
    <div className="scroll">
      <table className="rows">
        <thead>
          <tr>
            <th>From when it was due</th>
            {["Mean", "p50", "p95", "p99", "Max"].map((heading) => (
              <th key={heading} className="number">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {named.map(([name, spans]) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="number">{formatSpan(spans.mean)}</td>
              <td className="number">{formatSpan(spans.p50)}</td>
              <td className="number">{formatSpan(spans.p95)}</td>
              <td className="number">{formatSpan(spans.p99)}</td>
              <td className="number">{formatSpan(spans.max)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How many percent of the requests took at most so long. */
function CurvePicture({ report }: { readonly report: LoadTestReport }): ReactNode {
  const shown = namedSpans(report).filter(([name]) => name !== "Each token");
  if (shown.length === 0) return null;
  return (
    <figure className="stack tight">
      <figcaption>
        <strong>Spans by percentile</strong>
      </figcaption>
      <Plot
        at={Array.from({ length: 101 }, (_, percent) => percent)}
        axis="count"
        placeName="Percentile"
        isFromZero
        label="Spans by percentile"
        format={(value) => formatSpan(value)}
        series={shown.map(([label, spans], index) => ({ label, colour: `--series-${index + 1}`, values: spans.curve }))}
      />
    </figure>
  );
}

/** What came and how it was answered over the time of the test. */
function TimePicture({ report }: { readonly report: LoadTestReport }): ReactNode {
  const { bucketMs, buckets } = report.series;
  const hasTokens = report.ttftMs !== null;
  return (
    <figure className="stack tight">
      <figcaption>
        <strong>{hasTokens ? "First token over the test" : "Requests over the test"}</strong>
      </figcaption>
      <Plot
        at={buckets.map((_, index) => (index * bucketMs) / 1000)}
        axis="count"
        placeName="Second"
        isFromZero
        label={hasTokens ? "Time to the first token over the test" : "Requests over the test"}
        format={(value) => (hasTokens ? formatSpan(value) : formatCount(value))}
        series={
          hasTokens
            ? [
                {
                  label: "median",
                  colour: "--series-1",
                  values: buckets.map((bucket) => bucket.ttftP50Ms ?? undefined),
                },
                {
                  label: "95th percentile",
                  colour: "--series-2",
                  values: buckets.map((bucket) => bucket.ttftP95Ms ?? undefined),
                },
              ]
            : [
                { label: "due", colour: "--series-1", values: buckets.map((bucket) => bucket.due) },
                { label: "ended", colour: "--series-3", values: buckets.map((bucket) => bucket.ended) },
              ]
        }
      />
    </figure>
  );
}
