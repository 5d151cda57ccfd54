import type { ReactNode } from "react";
import type { LoggedEvent } from "../../../../src/platform/event.ts";
import { useEvent, useEvents } from "../../api/platform.ts";
import { Command } from "../../design/command.tsx";
import { DataTable, type TableColumn } from "../../design/data-table.tsx";
import { Drawer } from "../../design/drawer.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { FailureNotice } from "../../design/failure-notice.tsx";
import { Facts } from "../../design/figures.tsx";
import { SelectFilter } from "../../design/filters.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { Panel } from "../../design/panel.tsx";
import { SkeletonLines } from "../../design/skeleton.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { When } from "../../design/when.tsx";
import { exactTime } from "../../words/relative-time.ts";
import { TextFilter } from "./text-filter.tsx";
import { VerifyPanel } from "./verify-panel.tsx";

const kinds = [
  "Dataset",
  "Pipeline",
  "FeatureView",
  "TrainingJob",
  "Run",
  "Evaluation",
  "Model",
  "ModelVersion",
  "Deployment",
  "DriftMonitor",
  "Alert",
  "Workload",
  "Pool",
  "Project",
  "Team",
];
const verbs = [
  "created",
  "updated",
  "observed",
  "deleted",
  "placed",
  "registered",
  "passed",
  "approved",
  "promoted",
  "rolled-back",
];

const columns: readonly TableColumn<LoggedEvent>[] = [
  { heading: "#", isNumber: true, cell: (event) => <span className="faint">{event.seq}</span> },
  { heading: "When", cell: (event) => <When at={event.at} /> },
  { heading: "Who", cell: (event) => event.actor },
  { heading: "Did", cell: (event) => <strong>{event.verb}</strong> },
  {
    heading: "To what",
    cell: (event) => (
      <>
        {event.subject.kind} <strong>{event.subject.name}</strong>
        {event.subject.project !== null && <span className="faint"> · {event.subject.project}</span>}
      </>
    ),
  },
  { heading: "What happened", className: "sentence", cell: (event) => event.message },
];

/** The usual values and those that the page shows, in order. */
function withSeen(usual: readonly string[], seen: readonly string[]): readonly string[] {
  return [...new Set([...usual, ...seen])].toSorted();
}

/** The audit trail: every change, who made it and why, and whether the log is whole. */
export function EventsPage(): ReactNode {
  const { state, change } = useUrlState();
  const query = useEvents({
    kind: state["kind"],
    project: state["project"],
    name: state["name"],
    verb: state["verb"],
    actor: state["actor"],
  });
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  const openSeq = /^\d+$/.test(state["open"] ?? "") ? Number(state["open"]) : null;
  const opened = useEvent(openSeq).data ?? undefined;
  return (
    <>
      <PageHead title="Events" actions={<VerifyPanel />} />
      <div className="toolbar">
        <TextFilter name="name" label="Name of the subject" isFilter />
        <SelectFilter
          name="kind"
          label="Kind"
          values={withSeen(
            kinds,
            events.map((event) => event.subject.kind),
          )}
        />
        <SelectFilter
          name="verb"
          label="Verb"
          values={withSeen(
            verbs,
            events.map((event) => event.verb),
          )}
        />
        <TextFilter name="actor" label="Actor" />
      </div>
      <Panel flush>
        {query.error !== null && <FailureNotice error={query.error} onRetry={() => void query.refetch()} />}
        {query.isPending && <SkeletonLines count={10} />}
        {query.data !== undefined && events.length === 0 && (
          <EmptyState title="No event matches" command="millwright events">
            Every accepted write appears here with who did it; clear the filters to see all.
          </EmptyState>
        )}
        {events.length > 0 && (
          <DataTable
            rows={events}
            columns={columns}
            keyOf={(event) => String(event.seq)}
            chosenKey={state["open"]}
            onOpen={(event) => change({ open: String(event.seq) })}
          />
        )}
        {query.hasNextPage && (
          <div style={{ padding: 10, textAlign: "center" }}>
            <button
              type="button"
              className="button"
              disabled={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Older events
            </button>
          </div>
        )}
      </Panel>
      {opened !== undefined && <EventDrawer event={opened} onClose={() => change({ open: null })} />}
    </>
  );
}

function EventDrawer({ event, onClose }: { readonly event: LoggedEvent; readonly onClose: () => void }): ReactNode {
  return (
    <Drawer title={`Event ${event.seq}`} onClose={onClose}>
      <p>{event.message}</p>
      <Facts
        facts={[
          ["When", exactTime(event.at)],
          ["Who", event.actor],
          ["Did", event.verb],
          ["Kind", event.subject.kind],
          ["Name", event.subject.name],
          ["Project", event.subject.project ?? "the platform"],
        ]}
      />
      <Panel title="Data" flush>
        <pre className="log">{JSON.stringify(event.data, null, 2)}</pre>
      </Panel>
      <div className="row wrap">
        <Command text={`millwright events --name ${event.subject.name}`} />
      </div>
    </Drawer>
  );
}
