import { randomUUID } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BatchCalls } from "./batch-calls.ts";
import { readText } from "./field-path.ts";
import type { ResultColumn } from "./parquet-table.ts";
import { ResultFeed } from "./result-feed.ts";
import { type NumberedRow, type RowGroup, rowGroups, rowsOfId, soloId } from "./row-group.ts";
import type { RowModel } from "./row-model.ts";
import { tableEntries } from "./table-entry.ts";
import { removeState, type TableRunState, writeState } from "./table-run-state.ts";
import { TableWriter } from "./table-writer.ts";

/** What one batch may hold: its requests, and characters of its file. */
export const maxPartLines = 50_000;
const maxPartCharacters = 200_000_000;

/** Characters that are gathered before they are written. */
const chunkCharacters = 1_000_000;

/** Requests whose rows are asked one by one when the model refused them together. */
const maxSplit = 4_096;

/** Which pass a request is of: groups, or the rows of refused groups one by one. */
export type Pass = 0 | 1;

/** What a run over a table is given. */
export interface TableRunNeeds {
  readonly calls: Pick<BatchCalls, "upload" | "begin" | "findMarked" | "look" | "content">;
  readonly input: string;
  readonly out: string;
  readonly window: string;
  readonly model: RowModel;
  readonly columns: readonly ResultColumn[];
  /** Requests of one batch, at most `maxPartLines`. */
  readonly partLines: number;
  readonly signal: AbortSignal;
  /** Tells what is done now. */
  readonly say: (sentence: string) => void;
}

interface RequestLine {
  readonly id: string;
  readonly rows: number;
  readonly body: object;
}

/** A table asked row by row in batches, each step written down beside the output, so that it can be taken up again. */
export class TableRun {
  readonly #needs: TableRunNeeds;
  #state: TableRunState;

  /** @param fingerprint of the run; @param state of one that was begun before. */
  constructor(needs: TableRunNeeds, fingerprint: string, state: TableRunState | undefined) {
    this.#needs = needs;
    this.#state = state ?? { fingerprint, runId: randomUUID(), passes: [unplanned, unplanned], split: null };
  }

  /** The batches of a pass, with the rows that each asks for. */
  parts(pass: Pass): TableRunState["passes"][Pass]["parts"] {
    return this.#state.passes[pass].parts;
  }

  /** Sends what of the pass was not sent yet. */
  async send(pass: Pass): Promise<void> {
    if (this.#state.passes[pass].isPlanned) return;
    const folder = await mkdtemp(join(tmpdir(), "millwright-batch-"));
    try {
      let part = 0;
      for await (const { path, rows } of this.#writeParts(pass, join(folder, "part.jsonl"))) {
        if (part >= this.parts(pass).length) await this.#begin(pass, part, path, rows);
        part += 1;
      }
      await this.#change(pass, { parts: this.parts(pass), isPlanned: true });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Finds the requests of several rows that the model refused: one bad row must not cost the others their answer. */
  async findSplit(): Promise<void> {
    if (this.#state.split !== null) return;
    const split: string[] = [];
    for await (const { id, status } of this.#feed(0).failures()) {
      if (status !== null && [400, 413, 422].includes(status) && rowsOfId(id) > 1 && split.length < maxSplit)
        split.push(id);
    }
    await this.#save({ ...this.#state, split });
  }

  /** Writes the output: one row for each of the input. @returns rows, and those that have an error. */
  async write(): Promise<{ readonly rows: number; readonly failed: number }> {
    const { input, out, columns, model } = this.#needs;
    const writer = new TableWriter(input, out, columns);
    const [feed, solo] = [this.#feed(0), this.#feed(1)];
    let [rows, failed] = [0, 0];
    for await (const group of this.#groups()) {
      const found = await this.#resultsOf(group, feed, solo, model);
      for (const { number, row, problem } of group.rows) {
        const result = problem === null ? found.get(number) : problem;
        const error = Array.isArray(result) ? null : String(result ?? "there is no result");
        await writer.write({ number, row, values: Array.isArray(result) ? result : [], error });
        rows += 1;
        failed += Number(error !== null);
      }
    }
    await writer.end();
    await removeState(out);
    return { rows, failed };
  }

  #feed(pass: Pass): ResultFeed {
    return new ResultFeed(
      this.#needs.calls,
      this.parts(pass).map(({ batchId }) => batchId),
    );
  }

  #groups(): AsyncGenerator<RowGroup> {
    return rowGroups(tableEntries(this.#needs.input, this.#needs.signal), this.#needs.model);
  }

  /** What each row that was asked came to: its values, or an error. */
  async #resultsOf(
    group: RowGroup,
    feed: ResultFeed,
    solo: ResultFeed,
    model: RowModel,
  ): Promise<ReadonlyMap<number, readonly unknown[] | string>> {
    const found = new Map<number, readonly unknown[] | string>();
    if (group.asked.length === 0) return found;
    const together = await feed.next(group.id);
    const isSplit = this.#state.split?.includes(group.id) === true;
    const read = (rows: readonly NumberedRow[], end: typeof together): void => {
      const values = end.kind === "answered" ? model.read(end.body, rows.length) : null;
      const message = end.kind === "failed" ? end.message : "the answer is not one for each row that was asked";
      rows.forEach(({ number }, place) => found.set(number, values?.[place] ?? message));
    };
    if (!isSplit) read(group.asked, together);
    else for (const row of group.asked) read([row], await solo.next(soloId(row.number)));
    return found;
  }

  async *#lines(pass: Pass): AsyncGenerator<RequestLine> {
    const { model } = this.#needs;
    const split = new Set(this.#state.split);
    if (pass === 1 && split.size === 0) return;
    for await (const { id, asked } of this.#groups()) {
      if (asked.length === 0) continue;
      if (pass === 0) yield { id, rows: asked.length, body: model.body(asked.map(({ value }) => value)) };
      else if (split.has(id)) {
        for (const { number, value } of asked) yield { id: soloId(number), rows: 1, body: model.body([value]) };
      }
    }
  }

  /** Writes the requests of one batch after the other to `path`; the same table is cut in the same places. */
  async *#writeParts(pass: Pass, path: string): AsyncGenerator<{ readonly path: string; readonly rows: number }> {
    const { model, partLines } = this.#needs;
    const { endpoint } = model;
    let [text, characters, lines, rows] = ["", 0, 0, 0];
    let file = await open(path, "w");
    try {
      for await (const { id, rows: own, body } of this.#lines(pass)) {
        const line = `${JSON.stringify({ custom_id: id, method: "POST", url: endpoint, body })}\n`;
        if (lines > 0 && (lines >= partLines || characters + line.length > maxPartCharacters)) {
          await file.appendFile(text);
          yield { path, rows };
          await file.close();
          file = await open(path, "w");
          [text, characters, lines, rows] = ["", 0, 0, 0];
        }
        text += line;
        if (text.length > chunkCharacters) {
          await file.appendFile(text);
          text = "";
        }
        characters += line.length;
        lines += 1;
        rows += own;
      }
      await file.appendFile(text);
      if (lines > 0) yield { path, rows };
    } finally {
      await file.close();
    }
  }

  /** Begins a batch, unless a run that was killed had begun it. */
  async #begin(pass: Pass, part: number, path: string, rows: number): Promise<void> {
    const { calls, model, window, say } = this.#needs;
    const mark = `${this.#state.runId}/${pass}/${part}`;
    // The mark is written down before the batch is begun, so that whoever comes after a kill in between finds it.
    await this.#save(this.#state);
    const known = await calls.findMarked(mark);
    if (known === undefined) say(`uploading ${rows} rows`);
    const batch = known ?? (await calls.begin(await calls.upload(path), model.endpoint, window, mark));
    await this.#change(pass, {
      parts: [...this.parts(pass), { batchId: readText(batch, "id"), rows }],
      isPlanned: false,
    });
  }

  async #change(pass: Pass, changed: TableRunState["passes"][Pass]): Promise<void> {
    const [first, second] = this.#state.passes;
    await this.#save({ ...this.#state, passes: pass === 0 ? [changed, second] : [first, changed] });
  }

  async #save(state: TableRunState): Promise<void> {
    this.#state = state;
    await writeState(this.#needs.out, state);
  }
}

const unplanned = { parts: [], isPlanned: false };
