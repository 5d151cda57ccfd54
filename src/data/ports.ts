import type { Instant } from "../base/clock.ts";

export type SqlValue = string | number | boolean | null;

/** One query's answer. Timestamps come as milliseconds since 1970, 64-bit integers as numbers. */
export interface SqlResult {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** How a query may run. */
export interface QueryOptions {
  /** At most this many rows come back. */
  readonly maxRows: number;
  /** The only files that the statements may read, absolute; whatever users wrote runs with exactly its inputs. */
  readonly files: readonly string[];
  readonly signal: AbortSignal;
}

/** SQL over files. The embedded driver is DuckDB in a child process of its own. */
export interface SqlEngine {
  /**
   * Runs statements in order in one fresh session and answers with the last one's rows, at most `maxRows`.
   * Each text must be one statement. Times without a zone are taken as UTC.
   * @throws {Fault} `data.query-failed` with the engine's message, `data.file-unreadable` for a broken file,
   * `data.query-timeout`, `platform.disk-full`.
   */
  query(statements: readonly string[], options: QueryOptions): Promise<SqlResult>;
  /** Like `query`, but writes the last statement's rows to a Parquet file, atomically. Answers with the count of rows. */
  writeParquet(
    statements: readonly string[],
    path: string,
    options: Omit<QueryOptions, "maxRows">,
  ): Promise<{ readonly rows: number }>;
}

/** One immutable version of a dataset. */
export interface DatasetVersion {
  readonly project: string;
  readonly dataset: string;
  readonly version: number;
  /** Absolute local path of the Parquet file. */
  readonly path: string;
  /** SHA-256 of the content, hex. */
  readonly contentHash: string;
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly state: "valid" | "failed";
  readonly createdAt: Instant;
  /** What it was made from, as `dataset@version` and step hashes. */
  readonly madeFrom: readonly string[];
}

/** What rooms above ask of data. */
export interface Datasets {
  /** The newest valid version, or undefined. */
  latest(project: string, dataset: string): Promise<DatasetVersion | undefined>;
  version(project: string, dataset: string, version: number): Promise<DatasetVersion | undefined>;
}
