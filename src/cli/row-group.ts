import type { TableEntry } from "./table-entry.ts";
import type { TableRow } from "./prompt-template.ts";
import type { RowModel } from "./row-model.ts";

/** A row with its place in the table. */
export interface NumberedRow {
  /** From 1. */
  readonly number: number;
  readonly row: TableRow;
  /** As the model prepared it; without meaning where there is a problem. */
  readonly value: unknown;
  /** Why it is not asked; null when it is. */
  readonly problem: string | null;
}

/** Rows that follow each other, of which those that can be asked make up one request. */
export interface RowGroup {
  /** Names the first row that is asked and how many there are. */
  readonly id: string;
  readonly rows: readonly NumberedRow[];
  /** Those that are asked. */
  readonly asked: readonly NumberedRow[];
}

/** Elements of one request: far below what the gateway takes. */
const maxElements = 65_536;

/** Rows of one group for each that is asked, so that a table of bad rows is told piece by piece, too. */
const maxRowsPerAsked = 4;

/** Puts the rows of a table into groups, in order. The same table and model give the same groups. */
export async function* rowGroups(entries: AsyncIterable<TableEntry>, model: RowModel): AsyncGenerator<RowGroup> {
  let rows: NumberedRow[] = [];
  let [number, asked, elements] = [0, 0, 0];
  for await (const { row, problem } of entries) {
    number += 1;
    const prepared = problem === null ? model.prepare(row) : ({ kind: "bad", problem } as const);
    const isReady = prepared.kind === "ready";
    const size = isReady ? model.elementsOf(prepared.value) : 0;
    const isFull = asked >= model.rowsPerRequest || (asked > 0 && elements + size > maxElements);
    if ((isReady && isFull) || rows.length >= maxRowsPerAsked * model.rowsPerRequest) {
      yield toGroup(rows);
      rows = [];
      [asked, elements] = [0, 0];
    }
    rows.push({ number, row, value: isReady ? prepared.value : null, problem: isReady ? null : prepared.problem });
    asked += Number(isReady);
    elements += size;
  }
  if (rows.length > 0) yield toGroup(rows);
}

function toGroup(rows: readonly NumberedRow[]): RowGroup {
  const asked = rows.filter(({ problem }) => problem === null);
  return { id: `rows-${asked[0]?.number ?? 0}-${asked.length}`, rows, asked };
}

/** How many rows the request of this name asks for. */
export function rowsOfId(id: string): number {
  return Number(id.split("-")[2] ?? 1);
}

/** The name of the request of one row alone. */
export function soloId(number: number): string {
  return `row-${number}`;
}
