import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import * as z from "zod";
import type { BatchCalls } from "./batch-calls.ts";
import { readText } from "./field-path.ts";

const lineSchema = z.object({
  custom_id: z.string(),
  response: z.object({ status_code: z.number(), body: z.unknown() }).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

/** How one request of a batch ended. */
export type RequestEnd =
  | { readonly kind: "answered"; readonly body: unknown }
  /** @property status null when there was no answer. */
  | { readonly kind: "failed"; readonly status: number | null; readonly message: string };

type Line = z.infer<typeof lineSchema>;

/** Reads what batches wrote, in the order of their requests; the batches one after the other. */
export class ResultFeed {
  readonly #calls: Pick<BatchCalls, "look" | "content">;
  readonly #batchIds: string[];
  /** Of the present batch: its answers, its errors, and the line of each that is next. */
  #files: { readonly lines: AsyncIterator<Line>; head: Line | undefined }[] = [];

  constructor(calls: Pick<BatchCalls, "look" | "content">, batchIds: readonly string[]) {
    this.#calls = calls;
    this.#batchIds = [...batchIds];
  }

  /** How the request of this name ended; requests must be asked for in their order. */
  async next(id: string): Promise<RequestEnd> {
    for (;;) {
      for (const file of this.#files) {
        if (file.head?.custom_id !== id) continue;
        const end = toEnd(file.head);
        file.head = await nextOf(file.lines);
        return end;
      }
      const isOver = this.#files.every(({ head }) => head === undefined);
      if (!isOver || !(await this.#open())) {
        return { kind: "failed", status: null, message: "the batch has no result for this row" };
      }
    }
  }

  /** All requests that failed, of all batches. */
  async *failures(): AsyncGenerator<{ readonly id: string; readonly status: number | null }> {
    for (const batchId of this.#batchIds) {
      const batch = await this.#calls.look(batchId);
      for await (const line of this.#linesOf(readText(batch, "error_file_id"))) {
        yield { id: line.custom_id, status: line.response?.status_code ?? null };
      }
    }
  }

  async #open(): Promise<boolean> {
    const batchId = this.#batchIds.shift();
    if (batchId === undefined) return false;
    const batch = await this.#calls.look(batchId);
    this.#files = [];
    for (const field of ["output_file_id", "error_file_id"]) {
      const lines = this.#linesOf(readText(batch, field))[Symbol.asyncIterator]();
      this.#files.push({ lines, head: await nextOf(lines) });
    }
    return true;
  }

  async *#linesOf(fileId: string): AsyncGenerator<Line> {
    if (fileId === "") return;
    const input = Readable.from(await this.#calls.content(fileId), { objectMode: false });
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== "") yield lineSchema.parse(JSON.parse(line));
    }
  }
}

async function nextOf(lines: AsyncIterator<Line>): Promise<Line | undefined> {
  const found = await lines.next();
  return found.done === true ? undefined : found.value;
}

function toEnd({ response, error }: Line): RequestEnd {
  if (response === null) {
    return { kind: "failed", status: null, message: `${error?.code ?? "failed"}: ${error?.message ?? "no answer"}` };
  }
  if (response.status_code < 400) return { kind: "answered", body: response.body };
  const { status_code: status, body } = response;
  const told = readText(body, "error.message") || readText(body, "error") || JSON.stringify(body);
  return { kind: "failed", status, message: `${status}: ${told}` };
}
