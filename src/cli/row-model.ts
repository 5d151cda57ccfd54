import type { ResultColumn } from "./parquet-table.ts";
import type { TableRow } from "./prompt-template.ts";

/** What a row came to as a part of a request. */
export type PreparedRow =
  | { readonly kind: "ready"; readonly value: unknown }
  /** It cannot be asked; nothing is sent. */
  | { readonly kind: "bad"; readonly problem: string };

/** How rows of a table become requests to a model, and its answers columns beside them. */
export interface RowModel {
  /** Where the requests go. */
  readonly endpoint: string;
  /** Rows of one request. */
  readonly rowsPerRequest: number;
  /** What the answers give each row. */
  readonly columns: readonly ResultColumn[];
  prepare(row: TableRow): PreparedRow;
  /** Elements of a row as it was prepared. */
  elementsOf(value: unknown): number;
  /** The body of the request for these rows, each as it was prepared. */
  body(values: readonly unknown[]): object;
  /** The columns' values of each row, in order; null when the answer is not one for as many rows. */
  read(answer: unknown, rows: number): readonly (readonly unknown[])[] | null;
}
