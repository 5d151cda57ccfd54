import type { Instant } from "../base/clock.ts";

/** Asks for one row per label row, with the features as they were known at that row's moment. */
export interface TrainingSetRequest {
  readonly project: string;
  /** The dataset whose rows are labelled moments: entity columns, a timestamp, a label. */
  readonly dataset: string;
  /** Column of the moment at which a prediction would be made. */
  readonly timestamp: string;
  /** Half-open range of that moment, milliseconds since 1970. */
  readonly from: Instant;
  readonly to: Instant;
  /** Columns that are passed through, the label among them. */
  readonly columns: readonly string[];
  readonly featureViews: readonly string[];
  /** Keep at most this many rows, chosen by hash of the row, so that the choice repeats; null keeps all. */
  readonly maxRows: number | null;
}

/** A built training set; equal requests on equal data give the same id and the same file. */
export interface TrainingSet {
  /** Content address of request and inputs, hex. */
  readonly id: string;
  readonly path: string;
  readonly rows: number;
  /** XOR of row hashes: equal for equal content whatever the order. */
  readonly fingerprint: string;
  /** `dataset@version` of every input. */
  readonly madeFrom: readonly string[];
  /** Feature columns in the order of the file. */
  readonly featureColumns: readonly string[];
}

export interface TrainingSets {
  build(request: TrainingSetRequest, signal: AbortSignal): Promise<TrainingSet>;
}

/** A value of an online read. `missing`: no row was ever known for the entity in the window. */
export type FeatureStatus = "present" | "null" | "missing";

export interface FeatureVector {
  /** Feature columns, in the view's order. */
  readonly names: readonly string[];
  readonly values: readonly (number | null)[];
  readonly statuses: readonly FeatureStatus[];
}

/** One observation of a feature view's source: when it became known, whom it concerns, its numbers. */
export interface FeatureRow {
  /** Unique within the view; writing it twice changes nothing. */
  readonly id: string;
  readonly knownAt: Instant;
  readonly entity: readonly string[];
  /** One number per source column of the view (null: unknown), in the view's column order. */
  readonly values: readonly (number | null)[];
}

/** Reads and writes features while models serve. Same windows, same numbers as the offline training set. */
export interface OnlineFeatures {
  /** The view's features of one entity as known just before `at`: rows with `knownAt` in [at - window, at). */
  read(project: string, view: string, entity: readonly string[], at: Instant): FeatureVector;
  /** Durable when it resolves; idempotent by row id. */
  append(project: string, view: string, rows: readonly FeatureRow[]): Promise<void>;
  /** The newest `knownAt` that was appended, or null. */
  newest(project: string, view: string): Instant | null;
}

/** Reads a view's source rows, to fill an online store with what training sets are made from. */
export interface Materialisation {
  /** Rows with `knownAt` in [from, to), in the order in which they became known, in batches of at most 20,000. */
  rows(
    project: string,
    view: string,
    from: Instant,
    to: Instant,
    signal: AbortSignal,
  ): AsyncIterable<readonly FeatureRow[]>;
  /** The newest `knownAt` of the view's source; null when it has no rows. */
  newest(project: string, view: string, signal: AbortSignal): Promise<Instant | null>;
}
