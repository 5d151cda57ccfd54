import * as z from "zod";
import type { Instant } from "../../base/clock.ts";

/*
 * Files and batches as OpenAI's API has them. Moments on the wire are whole seconds since 1970, inside they are milliseconds.
 */

/** Bytes of one uploaded file. */
export const maxFileBytes = 512 * 1024 * 1024;

/** Requests in one batch. */
export const maxBatchLines = 50_000;

/** Bytes of one line of a batch's input. */
export const maxLineBytes = 8 * 1024 * 1024;

/** Problems of an input file that are told; the rest is counted. */
export const maxProblemsTold = 20;

const generatingEndpoints = ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"] as const;

const endpointWanted = `wants one of ${generatingEndpoints.join(", ")}, or /v2/models/NAME/infer`;

/** Where the requests of a batch may go: to a path of OpenAI's, or to a model's inference by the Open Inference Protocol v2. */
export const batchEndpointSchema = z.union(
  [
    z.enum(generatingEndpoints),
    z.string().regex(/^\/v2\/models\/[a-z0-9-]{1,63}(\/versions\/[A-Za-z0-9._-]{1,64})?\/infer$/, endpointWanted),
  ],
  { error: endpointWanted },
);

/** Pairs of a batch's metadata. */
const maxMetadataPairs = 16;

const storableWanted = "text without control characters and half characters";

/** Whether a text is one that the database and every JSON reader take as it is. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

/** How long a batch may take: a number and h or d, such as OpenAI's 24h. */
const windowPattern = /^([1-9]\d?)(h|d)$/;

const hourMs = 3_600_000;

/** A file that was uploaded, or that a batch wrote. */
export interface StoredFile {
  readonly id: string;
  readonly project: string;
  readonly filename: string;
  readonly purpose: string;
  readonly bytes: number;
  readonly objectKey: string;
  readonly createdAt: Instant;
}

export type BatchStatus =
  | "validating"
  | "failed"
  | "in_progress"
  | "finalizing"
  | "completed"
  | "expired"
  | "cancelling"
  | "cancelled";

/** What is wrong with a line of an input file. */
export interface LineProblem {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** From 1; null when it concerns the whole file. */
  readonly line: number | null;
}

/** A batch of requests. */
export interface Batch {
  readonly id: string;
  readonly project: string;
  /** Who made it: its requests are made in this name. */
  readonly identity: string;
  /** The project that the maker's key was bound to; null: the maker's own rights count. */
  readonly boundTo: string | null;
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly completionWindow: string;
  readonly status: BatchStatus;
  /** How it will have ended once its files are written; null before that is known. */
  readonly endsAs: "completed" | "expired" | "cancelled" | null;
  readonly problems: readonly LineProblem[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly startedAt: Instant | null;
  readonly finalizingAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly cancellingAt: Instant | null;
}

/** What a client sends to make a batch. */
export const createBatchSchema = z.object({
  input_file_id: z.string().min(1).max(64),
  endpoint: batchEndpointSchema,
  completion_window: z.string().regex(windowPattern, "write hours or days, such as 24h").default("24h"),
  metadata: z
    .record(
      z.string().max(64).refine(isStorable, storableWanted),
      z.string().max(512).refine(isStorable, storableWanted),
    )
    .refine((pairs) => Object.keys(pairs).length <= maxMetadataPairs, `at most ${maxMetadataPairs} pairs`)
    .nullish(),
});

/** How long a batch with this window may take, milliseconds. */
export function windowMs(window: string): number {
  const [, count = "24", unit = "h"] = windowPattern.exec(window) ?? [];
  return Number(count) * (unit === "d" ? 24 : 1) * hourMs;
}

/** Where the content of a file lies in the object store. */
export function fileKey(id: string): string {
  return `serving/files/${id}`;
}

/** A file as the API shows it. */
export function fileJson(file: StoredFile): Readonly<Record<string, unknown>> {
  return {
    id: file.id,
    object: "file",
    bytes: file.bytes,
    created_at: seconds(file.createdAt),
    filename: file.filename,
    purpose: file.purpose,
    status: "processed",
  };
}

/** A batch as the API shows it. */
export function batchJson(batch: Batch): Readonly<Record<string, unknown>> {
  const { endedAt } = batch;
  const isEnding = batch.status === "finalizing";
  const status = isEnding && batch.endsAs === "cancelled" ? "cancelling" : batch.status;
  const endedAs = (wanted: BatchStatus): number | null => (status === wanted ? seconds(endedAt) : null);
  return {
    id: batch.id,
    object: "batch",
    endpoint: batch.endpoint,
    errors: batch.problems.length === 0 ? null : { object: "list", data: batch.problems },
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status,
    output_file_id: isEnding ? null : batch.outputFileId,
    error_file_id: isEnding ? null : batch.errorFileId,
    created_at: seconds(batch.createdAt),
    in_progress_at: seconds(batch.startedAt),
    expires_at: seconds(batch.expiresAt),
    finalizing_at: seconds(batch.finalizingAt),
    completed_at: endedAs("completed"),
    failed_at: endedAs("failed"),
    expired_at: endedAs("expired"),
    cancelling_at: seconds(batch.cancellingAt),
    cancelled_at: endedAs("cancelled"),
    request_counts: { total: batch.total, completed: batch.completed, failed: batch.failed },
    metadata: batch.metadata,
  };
}

/** Whether nothing more happens to a batch. */
export function isEnded(batch: Pick<Batch, "status">): boolean {
  return ["failed", "completed", "expired", "cancelled"].includes(batch.status);
}

function seconds(moment: Instant | null): number | null {
  return moment === null ? null : Math.floor(moment / 1_000);
}
