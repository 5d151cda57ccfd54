import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promptTemplate } from "./prompt-template.ts";
import { tableRows } from "./table-rows.ts";

/** How rows become requests. */
export interface RowRequests {
  readonly input: string;
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  readonly maxTokens?: number;
}

/** Where the requests of rows go. */
export const rowEndpoint = "/v1/chat/completions";

/**
 * Writes the input of a batch: one chat for each row of a table, called `row-1`, `row-2`, ... in the order of the rows.
 *
 * @param send gets the path of the file, which is gone afterwards.
 * @throws {Fault} as `tableRows` and `promptTemplate`.
 */
export async function withBatchInput<Result>(
  wanted: RowRequests,
  signal: AbortSignal,
  send: (path: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "millwright-batch-"));
  try {
    const path = join(folder, "input.jsonl");
    const lines = Readable.from(requestLines(wanted, signal), { objectMode: false });
    await pipeline(lines, createWriteStream(path), { signal });
    return await send(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* requestLines(wanted: RowRequests, signal: AbortSignal): AsyncGenerator<string> {
  const { model, system, maxTokens } = wanted;
  const toPrompt = promptTemplate(wanted.prompt);
  let number = 0;
  for await (const row of tableRows(wanted.input, signal)) {
    number += 1;
    const question = { role: "user", content: toPrompt(row) };
    const messages = system === undefined ? [question] : [{ role: "system", content: system }, question];
    const body = { model, messages, ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }) };
    yield `${JSON.stringify({ custom_id: `row-${number}`, method: "POST", url: rowEndpoint, body })}\n`;
  }
}
