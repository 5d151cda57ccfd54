import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useEndedWorkloads, useQueue, type WorkloadRow } from "../../api/compute.ts";
import { Drawer } from "../../design/drawer.tsx";
import { EmptyState } from "../../design/empty-state.tsx";
import { PageHead } from "../../design/page-head.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import "./queue.css";
import { QuotasView } from "./quotas-view.tsx";
import { ScheduleView } from "./schedule-view.tsx";
import { WhatIfView } from "./what-if-view.tsx";
import { WorkloadDrawer } from "./workload-drawer.tsx";
import { WorkloadsView } from "./workloads-view.tsx";

const views = [
  { value: "", label: "Waiting and running" },
  { value: "quotas", label: "Quotas" },
  { value: "schedule", label: "Schedule" },
  { value: "what-if", label: "What if" },
] as const;

type View = (typeof views)[number]["value"];

function viewOf(text: string | undefined): View {
  return views.find((view) => view.value === text)?.value ?? "";
}

/** What waits and runs, who may use how much, what is planned on which node, and what a change would do. */
export function QueuePage(): ReactNode {
  const { state, change } = useUrlState();
  const view = viewOf(state["view"]);
  // Quotas, nodes and what-ifs are about everybody: what they lead to may be of any project.
  const project = view === "" ? state["project"] : undefined;
  const queue = useQueue(project);
  const ended = useEndedWorkloads(project);
  const active = queue.data?.workloads ?? [];
  const all = [...active, ...(ended.data ?? [])];
  return (
    <>
      <PageHead title="Queue" />
      <Views view={view} project={state["project"]} />
      <Shown view={view} queue={queue} all={all} />
      {state["open"] !== undefined && (
        <Opened
          workload={all.find((workload) => workload.id === state["open"])}
          isLoading={queue.isPending || ended.isPending}
          onClose={() => change({ open: null })}
        />
      )}
    </>
  );
}

function Views({ view, project }: { readonly view: View; readonly project: string | undefined }): ReactNode {
  return (
    <nav className="views" aria-label="Views of the queue">
      {views.map(({ value, label }) => (
        <Link
          key={value}
          to="/queue"
          search={{ ...(value === "" ? {} : { view: value }), ...(project === undefined ? {} : { project }) }}
          activeOptions={{ exact: true }}
          aria-current={view === value ? "page" : undefined}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Shown({
  view,
  queue,
  all,
}: {
  readonly view: View;
  readonly queue: ReturnType<typeof useQueue>;
  readonly all: readonly WorkloadRow[];
}): ReactNode {
  switch (view) {
    case "":
      return <WorkloadsView queue={queue} all={all} />;
    case "quotas":
      return <QuotasView />;
    case "schedule":
      return <ScheduleView pools={queue.data?.pools ?? []} />;
    case "what-if":
      return <WhatIfView workloads={all} />;
  }
}

/** The drawer of the workload that the address names; says so when there is none. */
function Opened({
  workload,
  isLoading,
  onClose,
}: {
  readonly workload: WorkloadRow | undefined;
  readonly isLoading: boolean;
  readonly onClose: () => void;
}): ReactNode {
  if (workload !== undefined) return <WorkloadDrawer workload={workload} onClose={onClose} />;
  if (isLoading) return null;
  return (
    <Drawer title="Workload" onClose={onClose}>
      <EmptyState title="This workload is not here any more" command="millwright get workloads">
        It was deleted, it ended long ago, or it belongs to a project that your key may not read.
      </EmptyState>
    </Drawer>
  );
}
