import { Link, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Plural, type ResourceSummary, useResources } from "../api/resources.ts";
import { matchesFilter } from "../words/url-state.ts";
import { DataTable, type TableColumn } from "./data-table.tsx";
import { QueryView } from "./query-view.tsx";
import { StateBadge } from "./state-badge.tsx";
import { useUrlState } from "./use-url-state.ts";

/** The page of one resource. */
type ResourcePage =
  | "/data/$project/$name"
  | "/features/$project/$name"
  | "/models/$project/$name"
  | "/deployments/$project/$name"
  | "/drift/$project/$name";

interface ResourceTableProps {
  readonly plural: Plural;
  /** Heading of the column of names. */
  readonly heading: string;
  /** Where a row leads. */
  readonly page: ResourcePage;
  /** What follows state and name. */
  readonly columns: readonly TableColumn<ResourceSummary>[];
  /** What stands there while there is no such resource. */
  readonly empty: ReactNode;
  /** Name of the order in the address; tables on one page need different ones. */
  readonly orderName?: string;
}

/** Whether a resource stays under the page's filter. */
export function isResourceShown(filter: string | undefined, row: ResourceSummary): boolean {
  return matchesFilter(filter ?? "", [row.name, row.project, row.phase]);
}

function paramsOf(row: ResourceSummary): { readonly project: string; readonly name: string } {
  return { project: row.project ?? "-", name: row.name };
}

function firstColumns(heading: string, page: ResourcePage): readonly TableColumn<ResourceSummary>[] {
  return [
    { heading: "State", cell: (row) => <StateBadge state={row.phase} />, sortBy: (row) => row.phase },
    {
      heading,
      sortBy: (row) => row.name,
      cell: (row) => (
        <>
          <Link to={page} params={paramsOf(row)}>
            <strong>{row.name}</strong>
          </Link>
          <div className="faint">{row.project}</div>
        </>
      ),
    },
  ];
}

/** Every resource of a kind in the chosen project, under the page's filter: state, name and what the kind adds. */
export function ResourceTable({
  plural,
  heading,
  page,
  columns,
  empty,
  orderName = "order",
}: ResourceTableProps): ReactNode {
  const { state } = useUrlState();
  const navigate = useNavigate();
  const query = useResources(plural, state["project"]);
  return (
    <QueryView query={query}>
      {(all) =>
        all.length === 0 ? (
          empty
        ) : (
          <DataTable
            rows={all.filter((row) => isResourceShown(state["filter"], row))}
            columns={[...firstColumns(heading, page), ...columns]}
            keyOf={(row) => row.uid}
            orderName={orderName}
            onOpen={(row) => void navigate({ to: page, params: paramsOf(row) })}
          />
        )
      }
    </QueryView>
  );
}
