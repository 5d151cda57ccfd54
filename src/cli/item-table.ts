import type { Instant } from "../base/clock.ts";
import type { KindColumn } from "../platform/resource.ts";
import { toCell, toTableColumn } from "./column-cell.ts";
import { type Item, nameOf, projectOf } from "./item.ts";
import type { Noun } from "./noun.ts";
import { type Paint, renderTable, type TableCell, type TableColumn } from "./table.ts";

const nameColumn: TableColumn = { heading: "NAME", align: "left", canShrink: false };
const projectColumn: TableColumn = { heading: "PROJECT", align: "left", canShrink: false };

/** How a list is drawn. */
export interface ItemTableOptions {
  readonly isWide: boolean;
  /** Whether the list may hold several projects. */
  readonly showsProject: boolean;
  readonly now: Instant;
  readonly width: number;
  readonly paint: Paint;
}

/** Draws items as a table by their noun's columns. */
export function renderItems(noun: Noun, items: readonly Item[], options: ItemTableOptions): readonly string[] {
  const columns = columnsOf(noun).filter((column) => options.isWide || column.isWide !== true);
  const showsProject = options.showsProject && noun.scope === "project";
  const heads = [...(showsProject ? [projectColumn] : []), nameColumn, ...columns.map(toTableColumn)];
  const rows = items.map((item): readonly TableCell[] => [
    ...(showsProject ? [{ text: projectOf(item) ?? "-", tone: "dim" as const }] : []),
    { text: nameOf(item), tone: "plain" },
    ...columns.map((column) => toCell(item, column, options.now)),
  ]);
  return renderTable(heads, rows, { width: options.width, paint: options.paint });
}

/** A kind's own columns, with the phase and the age where it does not declare them. */
function columnsOf(noun: Noun): readonly KindColumn[] {
  const own = noun.columns.filter(
    (column) => column.path !== "name" && column.path !== "project" && column.path !== "id",
  );
  if (noun.isRow) return own;
  const has = (path: string) => own.some((column) => column.path === path);
  const phase: readonly KindColumn[] = has("status.phase") ? [] : [{ heading: "PHASE", path: "status.phase" }];
  const hasAge = own.some((column) => column.format === "age");
  const age: readonly KindColumn[] = hasAge ? [] : [{ heading: "AGE", path: "createdAt", format: "age" }];
  return [...phase, ...own, ...age];
}
