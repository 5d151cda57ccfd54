import type { KeyboardEvent, ReactNode } from "react";
import { orderRows, parseOrder, type SortValue } from "../words/row-order.ts";
import { EmptyState } from "./empty-state.tsx";
import { useUrlState } from "./use-url-state.ts";

/** A column of a table of `Row`s. Columns with `sortBy` order the rows when their heading is pressed. */
export interface TableColumn<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => ReactNode;
  readonly isNumber?: boolean;
  readonly sortBy?: (row: Row) => SortValue;
  readonly className?: string;
}

interface DataTableProps<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly TableColumn<Row>[];
  readonly keyOf: (row: Row) => string;
  readonly onOpen?: ((row: Row) => void) | undefined;
  readonly chosenKey?: string | null | undefined;
  /** Name of the order in the address; tables on one page need different ones. */
  readonly orderName?: string;
}

function openByKey<Row>(event: KeyboardEvent, row: Row, onOpen: ((row: Row) => void) | undefined): void {
  if (event.key === "Enter" && event.target === event.currentTarget) onOpen?.(row);
  const step = event.key === "j" ? "nextElementSibling" : event.key === "k" ? "previousElementSibling" : null;
  const next = step === null ? null : event.currentTarget[step];
  if (next instanceof HTMLElement) next.focus();
}

/**
 * A dense table: order in the address, rows that open by click or Enter, j and k to move between them. A page shows it
 * when it has something to list, so no rows means that a filter left none.
 */
export function DataTable<Row>({
  rows,
  columns,
  keyOf,
  onOpen,
  chosenKey,
  orderName = "order",
}: DataTableProps<Row>): ReactNode {
  const { state, change } = useUrlState();
  const order = parseOrder(state[orderName]);
  const sorted = orderRows(
    rows,
    columns.find((column) => column.heading === order?.heading)?.sortBy,
    order?.isDescending ?? false,
  );
  const press = (heading: string): void => {
    const isAgain = order?.heading === heading && !order.isDescending;
    change({ [orderName]: isAgain ? `-${heading}` : heading });
  };
  if (rows.length === 0)
    return <EmptyState title="Nothing matches the filter">Clear it above to see everything.</EmptyState>;
  return (
    <table className="rows">
      <thead>
        <tr>
          {columns.map((column) => (
            <Heading key={column.heading} column={column} order={order} onPress={press} />
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.map((row) => (
          <tr
            key={keyOf(row)}
            className={`${onOpen === undefined ? "" : "opens"} ${chosenKey === keyOf(row) ? "chosen" : ""}`}
            tabIndex={onOpen === undefined ? undefined : 0}
            onClick={(event) => {
              if (!(event.target instanceof Element && event.target.closest("a, button, input, select"))) onOpen?.(row);
            }}
            onKeyDown={(event) => openByKey(event, row, onOpen)}
          >
            {columns.map((column) => (
              <td
                key={column.heading}
                className={`${column.isNumber === true ? "number" : ""} ${column.className ?? ""}`}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Heading<Row>({
  column,
  order,
  onPress,
}: {
  readonly column: TableColumn<Row>;
  readonly order: { readonly heading: string; readonly isDescending: boolean } | null;
  readonly onPress: (heading: string) => void;
}): ReactNode {
  const isOrdered = order?.heading === column.heading;
  const arrow = isOrdered ? (order.isDescending ? " ↓" : " ↑") : "";
  return (
    <th
      className={column.isNumber === true ? "number" : undefined}
      aria-sort={isOrdered ? (order.isDescending ? "descending" : "ascending") : undefined}
    >
      {column.sortBy === undefined ? (
        column.heading
      ) : (
        <button type="button" onClick={() => onPress(column.heading)}>
          {column.heading}
          {arrow}
        </button>
      )}
    </th>
  );
}
