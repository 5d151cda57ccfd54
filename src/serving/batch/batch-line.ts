import * as z from "zod";
import { batchEndpointSchema, isStorable, type LineProblem, maxLineBytes } from "./batch-model.ts";

/** One request of a batch, as it lies in the input file. */
export interface BatchLine {
  /** From 1. */
  readonly line: number;
  readonly customId: string;
  /** Where the line begins in the file, and its length, bytes. */
  readonly offset: number;
  readonly length: number;
}

const lineSchema = z.object({
  custom_id: z.string().min(1).max(512).refine(isStorable, "no control characters and no half characters"),
  method: z.literal("POST"),
  url: batchEndpointSchema,
  body: z.record(z.string(), z.unknown()),
});

/** How one request of a batch ended. */
export type LineResult =
  | { readonly kind: "answered"; readonly status: number; readonly requestId: string; readonly body: string }
  | { readonly kind: "refused"; readonly code: string; readonly message: string };

/** Reads the lines of an input file one after the other, and remembers what it must to find doubles. */
export class BatchLineReader {
  readonly #endpoint: string;
  readonly #seen = new Map<string, number>();
  #lines = 0;

  /** @param endpoint the batch's: every line must name it. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** @param length the line's bytes; the text of one that is too long need not be whole. @returns null for a blank line. */
  read(text: string, offset: number, length: number): BatchLine | LineProblem | null {
    this.#lines += 1;
    const line = this.#lines;
    if (length > maxLineBytes) {
      return problem(line, "line_too_long", `a line may have ${maxLineBytes} bytes, found ${length}`, null);
    }
    if (text.trim() === "") return null;
    const value = parseJson(text);
    if (value === undefined) return problem(line, "invalid_json_line", "a line wants JSON, found none", null);
    const parsed = lineSchema.safeParse(value);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const param = issue === undefined || issue.path.length === 0 ? null : issue.path.join(".");
      const wanted = "a line wants a JSON object with custom_id, method, url and body";
      return problem(line, "invalid_json_line", `${wanted}: ${issue?.message ?? "found none"}`, param);
    }
    const { custom_id: customId, url, body } = parsed.data;
    if (url !== this.#endpoint) {
      return problem(line, "mismatched_endpoint", `the batch is for ${this.#endpoint}, found ${url}`, "url");
    }
    if (body.stream === true) {
      return problem(line, "stream_not_allowed", "the answers of a batch are whole; leave stream out", "body.stream");
    }
    const first = this.#seen.get(customId);
    if (first !== undefined) {
      const message = `custom_id must differ from line to line; line ${first} has "${customId}", too`;
      return problem(line, "duplicate_custom_id", message, "custom_id");
    }
    this.#seen.set(customId, line);
    return { line, customId, offset, length };
  }
}

/** Whether what a line held is no request. */
export function isProblem(read: BatchLine | LineProblem): read is LineProblem {
  return "code" in read;
}

function problem(line: number, code: string, message: string, param: string | null): LineProblem {
  return { line, code, message, param };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The request's body, from a line that was found good. */
export function bodyOfLine(text: string): string {
  return JSON.stringify(lineSchema.parse(JSON.parse(text)).body);
}

/** Whether a result goes to the file of answers; the others go to the file of errors. */
export function isAnswer(result: LineResult): boolean {
  return result.kind === "answered" && result.status < 400;
}

/** The line that tells how a request ended, without a line end. */
export function outputLine(batchId: string, line: Pick<BatchLine, "line" | "customId">, result: LineResult): string {
  const head = { id: `${batchId.replace("batch_", "batch_req_")}_${line.line}`, custom_id: line.customId };
  if (result.kind === "refused") {
    return JSON.stringify({ ...head, response: null, error: { code: result.code, message: result.message } });
  }
  const body = parseJson(result.body) ?? result.body;
  const response = { status_code: result.status, request_id: result.requestId, body };
  return JSON.stringify({ ...head, response, error: null });
}
