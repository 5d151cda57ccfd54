import type { HistogramValue, MetricFamily, MetricPoint } from "./metric-family.ts";

/** The media type of what `toOpenMetrics` writes. */
export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Writes metrics as OpenMetrics 1.0 text, with underscores for dots. */
export function toOpenMetrics(families: readonly MetricFamily[]): string {
  return `${families.flatMap(familyLines).join("\n")}\n# EOF\n`;
}

function familyLines(family: MetricFamily): readonly string[] {
  const plain = family.name.replaceAll(".", "_");
  const name = family.unit === "s" ? `${plain}_seconds` : plain;
  const unit = family.unit === "s" ? [`# UNIT ${name} seconds`] : [];
  return [
    `# TYPE ${name} ${family.kind}`,
    ...unit,
    `# HELP ${name} ${family.help}`,
    ...family.points.flatMap((point) => pointLines(name, family.kind, point)),
  ];
}

function pointLines(name: string, kind: MetricFamily["kind"], { labels, value }: MetricPoint): readonly string[] {
  if (typeof value !== "number") return histogramLines(name, labels, value);
  return [`${name}${kind === "counter" ? "_total" : ""}${labelText(labels)} ${value}`];
}

function histogramLines(name: string, labels: MetricPoint["labels"], value: HistogramValue): readonly string[] {
  let below = 0;
  const buckets = value.counts.map((count, index) => {
    below += count;
    const bound = value.bounds[index];
    return `${name}_bucket${labelText({ ...labels, le: bound === undefined ? "+Inf" : String(bound) })} ${below}`;
  });
  return [...buckets, `${name}_sum${labelText(labels)} ${value.sum}`, `${name}_count${labelText(labels)} ${below}`];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name.replaceAll(".", "_")}="${escaped(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
