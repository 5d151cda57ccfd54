/** One line of a metrics page. */
export interface MetricSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** Characters of a page that are read; what follows is left out. */
const pageMax = 4 * 1024 * 1024;
const samplesMax = 10_000;
const labelsMax = 64;

/**
 * Reads the samples of some names from a page in OpenMetrics or Prometheus text.
 *
 * Lines that are no samples, of other names or broken are passed over: an engine that says one thing wrongly is still
 * heard on the others. A colon in a name counts as an underscore, since some exporters write one for the other.
 */
export function metricSamples(page: string, names: ReadonlySet<string>): readonly MetricSample[] {
  const samples: MetricSample[] = [];
  const end = Math.min(page.length, pageMax);
  for (let start = 0; start < end && samples.length < samplesMax; ) {
    const lineEnd = page.indexOf("\n", start);
    const stop = lineEnd === -1 ? page.length : lineEnd;
    const sample = parseLine(page.slice(start, stop), names);
    if (sample !== null) samples.push(sample);
    start = stop + 1;
  }
  return samples;
}

function parseLine(line: string, names: ReadonlySet<string>): MetricSample | null {
  const head = /^\s*([A-Za-z_:][\w:]*)/.exec(line);
  if (head === null) return null;
  const name = (head[1] ?? "").replaceAll(":", "_");
  if (!names.has(name)) return null;
  const labels = new Map<string, string>();
  const rest = line.slice(head[0].length);
  const valueAt = rest.trimStart().startsWith("{") ? readLabels(rest, labels) : 0;
  if (valueAt === -1) return null;
  const value = parseValue(rest.slice(valueAt).trim().split(/\s+/, 1)[0] ?? "");
  return value === null ? null : { name, labels, value };
}

/** @returns where the labels end, or −1 when they do not. */
function readLabels(text: string, labels: Map<string, string>): number {
  const pair = /\s*([A-Za-z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/y;
  pair.lastIndex = text.indexOf("{") + 1;
  for (let count = 0; count < labelsMax; count += 1) {
    const from = pair.lastIndex;
    const match = pair.exec(text);
    if (match === null) return /^\s*}/.test(text.slice(from)) ? text.indexOf("}", from) + 1 : -1;
    labels.set(match[1] ?? "", unescaped(match[2] ?? ""));
  }
  return -1;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function parseValue(text: string): number | null {
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
