import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { Violation } from "../../../src/data/model.ts";
import { getJson } from "./client.ts";
import { type Fields, fieldsOf } from "./reading.ts";
import { formatFigure } from "../words/numbers.ts";
import { dataMinute } from "../words/relative-time.ts";
import { projectPath } from "./resources.ts";

/** One version of a dataset with the rows that break its expectations. */
export interface DatasetVersionRow {
  readonly version: number;
  readonly state: string;
  readonly rows: number;
  readonly bytes: number;
  readonly contentHash: string;
  readonly createdAt: number | null;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly madeFrom: readonly string[];
  readonly violations: readonly Violation[];
}

/** What a profile says of one column. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  readonly nulls: number;
  readonly distinct: number | null;
  readonly min: string | null;
  readonly max: string | null;
  readonly mean: string | null;
  readonly edges: readonly number[];
  readonly labels: readonly string[];
  readonly counts: readonly number[];
}

export interface DatasetProfile {
  readonly version: number | null;
  readonly rows: number;
  readonly columns: readonly ColumnProfile[];
}

/** Reads rows that break an expectation. */
export function readViolation(fields: Fields): Violation {
  return {
    expectation: fields.textOr("expectation", ""),
    rows: fields.numberOr("rows", 0),
    examples: fields.list("examples", (each) =>
      Object.fromEntries(each.names().map((name) => [name, readCell(each.value(name))])),
    ),
  };
}

function readCell(value: unknown): string | number | boolean | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function readVersion(fields: Fields): DatasetVersionRow {
  return {
    version: fields.number("version"),
    state: fields.textOr("state", "valid"),
    rows: fields.numberOr("rows", 0),
    bytes: fields.numberOr("bytes", 0),
    contentHash: fields.textOr("contentHash", ""),
    createdAt: fields.numberOr("createdAt", null),
    columns: fields.list("columns", (each) => ({ name: each.textOr("name", ""), type: each.textOr("type", "") })),
    madeFrom: fields.texts("madeFrom"),
    violations: fields.list("violations", readViolation),
  };
}

/** A figure of a column as text; moments come as milliseconds since 1970. */
function shown(value: unknown, type: string): string | null {
  if (typeof value === "number") return /^(TIMESTAMP|DATE)/.test(type) ? dataMinute(value) : formatFigure(value);
  return typeof value === "string" || typeof value === "boolean" ? String(value) : null;
}

function readColumn(fields: Fields): ColumnProfile {
  const type = fields.textOr("type", "");
  const bars = fields.list("histogram", (bar) => ({
    from: bar.numberOr("from", 0),
    to: bar.numberOr("to", 0),
    rows: bar.numberOr("rows", 0),
  }));
  const top = fields.list("top", (bar) => ({
    value: String(bar.value("value")),
    rows: bar.numberOr("rows", 0),
  }));
  const isMoment = /^(TIMESTAMP|DATE)/.test(type);
  return {
    name: fields.textOr("name", ""),
    type,
    nulls: fields.numberOr("nulls", 0),
    distinct: fields.numberOr("distinct", null),
    min: shown(fields.value("min"), type),
    max: shown(fields.value("max"), type),
    mean: shown(fields.value("mean"), type),
    edges: bars.length === 0 ? [] : [...bars.map((bar) => bar.from), bars.at(-1)?.to ?? 0],
    labels: isMoment ? bars.map((bar) => dataMinute(bar.from)) : bars.length === 0 ? top.map((bar) => bar.value) : [],
    counts: bars.length === 0 ? top.map((bar) => bar.rows) : bars.map((bar) => bar.rows),
  };
}

/** The versions of a dataset, the newest first. */
export function useDatasetVersions(project: string, name: string): UseQueryResult<readonly DatasetVersionRow[]> {
  return useQuery({
    queryKey: ["dataset", "versions", project, name],
    queryFn: async ({ signal }) => {
      const versions = await getJson(
        `${projectPath(project)}/datasets/${encodeURIComponent(name)}/versions`,
        (value) => fieldsOf(value, "versions").list("versions", readVersion),
        signal,
      );
      return versions.toSorted((left, right) => right.version - left.version);
    },
  });
}

/** Histograms and figures of the columns of a dataset's newest version, whose content has this hash; null: no version. */
export function useDatasetProfile(
  project: string,
  name: string,
  content: string | null,
): UseQueryResult<DatasetProfile> {
  return useQuery({
    queryKey: ["profile", project, name, content],
    enabled: content !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      getJson(`${projectPath(project)}/datasets/${encodeURIComponent(name)}/profile`, readProfile, signal),
  });
}

function readProfile(value: unknown): DatasetProfile {
  const fields = fieldsOf(value, "profile");
  return {
    version: fields.numberOr("version", null),
    rows: fields.numberOr("rows", 0),
    columns: fields.list("columns", readColumn),
  };
}
