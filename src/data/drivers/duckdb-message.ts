import type { SqlResult } from "../ports.ts";

/** What the engine asks of its child process: one fresh session. */
export interface SessionRequest {
  readonly statements: readonly string[];
  /** Where the last statement's rows go: back to the asker, or to a Parquet file at a temporary path. */
  readonly target:
    | { readonly kind: "rows"; readonly maxRows: number }
    | { readonly kind: "parquet"; readonly path: string };
  readonly files: readonly string[];
  readonly limits: SessionLimits;
}

/** What one session may use. */
export interface SessionLimits {
  readonly threads: number;
  /** In bytes; soft: the process may pass it by some 150 MB. */
  readonly memory: number;
  /** Where the session spills what does not fit in memory. */
  readonly spillFolder: string;
}

/** What the child answers, once per request. */
export type SessionReply =
  | { readonly kind: "rows"; readonly result: SqlResult }
  | { readonly kind: "written"; readonly rows: number }
  | { readonly kind: "failed"; readonly message: string; readonly statement: string };
