import { type ReactNode, useMemo } from "react";
import type { PoolUse } from "../../api/compute.ts";
import type { NodeSchedule } from "../../../../src/scheduling/live/model.ts";
import { type Schedule, useSchedule } from "../../api/schedule.ts";
import { seriesFill } from "../../charts/series-colour.ts";
import { SegmentFilter, SelectFilter } from "../../design/filters.tsx";
import { ManifestSample } from "../../design/manifest-sample.tsx";
import { Panel } from "../../design/panel.tsx";
import { QueryView } from "../../design/query-view.tsx";
import { useUrlState } from "../../design/use-url-state.ts";
import { ScheduleChart } from "./schedule-chart.tsx";
import { ScheduleTable } from "./schedule-table.tsx";

const usualHours = 24;
const horizons = [
  { value: "6", label: "6 h" },
  { value: "", label: "24 h" },
  { value: "168", label: "7 d" },
];
const forms = [
  { value: "", label: "Chart" },
  { value: "table", label: "Table" },
];
/** Projects that the legend names. */
const legendMax = 10;

const poolSample = `kind: Pool
name: try-out
spec:
  role: any
  simulatedGpus: { model: H100, count: 8 }`;

/** Nodes and time, with the planned future. */
export function ScheduleView({ pools }: { readonly pools: readonly PoolUse[] }): ReactNode {
  const { state } = useUrlState();
  const hours = horizons.some((each) => each.value === state["hours"]) ? Number(state["hours"]) : usualHours;
  const schedule = useSchedule(hours);
  const names = [...new Set(schedule.data?.nodes.map((node) => node.pool))].toSorted();
  return (
    <>
      <div className="toolbar">
        <SegmentFilter name="hours" choices={horizons} />
        <SelectFilter name="pool" label="Pool" values={names} />
        <SegmentFilter name="as" choices={forms} />
      </div>
      <Panel flush>
        <QueryView query={schedule}>{(data) => <Drawing schedule={data} pools={pools} />}</QueryView>
      </Panel>
    </>
  );
}

function Drawing({ schedule, pools }: { readonly schedule: Schedule; readonly pools: readonly PoolUse[] }): ReactNode {
  const { state, change } = useUrlState();
  const pool = state["pool"];
  const nodes = useMemo(
    () => schedule.nodes.filter((node) => pool === undefined || node.pool === pool),
    [schedule, pool],
  );
  // One text, so that colours and drawn rows stay while the projects do.
  const projects = projectsOf(schedule.nodes);
  const colourOf = useMemo(() => projectColours(projects), [projects]);
  const simulated = useMemo(() => new Set(pools.filter((each) => each.isSimulated).map((each) => each.name)), [pools]);
  if (nodes.length === 0)
    return (
      <ManifestSample
        title={pool === undefined ? "No pool has a node yet" : `Pool ${pool} has no node`}
        manifest={poolSample}
      >
        A pool takes in the machine that the server runs on, with its GPUs; it may also pretend to have some, to try
        things out.
      </ManifestSample>
    );
  const props = { nodes, simulated, chosen: state["open"] ?? null, onOpen: (id: string) => change({ open: id }) };
  if (state["as"] === "table") return <ScheduleTable {...props} now={schedule.from} />;
  return (
    <>
      <ScheduleChart {...props} schedule={schedule} colourOf={colourOf} />
      <Legend projects={projects === "" ? [] : projects.split(" ")} colourOf={colourOf} />
    </>
  );
}

/** The projects on the nodes, in order, apart by spaces. */
function projectsOf(nodes: readonly NodeSchedule[]): string {
  const names = nodes.flatMap((node) => node.spans.flatMap((span) => span.project ?? []));
  return [...new Set(names)].toSorted().join(" ");
}

function projectColours(projects: string): (project: string | null) => string {
  const places = new Map(projects.split(" ").map((project, index) => [project, seriesFill(index)]));
  return (project) => places.get(project ?? "") ?? "var(--off)";
}

function Legend({
  projects,
  colourOf,
}: {
  readonly projects: readonly string[];
  readonly colourOf: (project: string | null) => string;
}): ReactNode {
  const kinds = [
    ["running", "runs"],
    ["planned", "planned"],
    ["held", "planned, room is being made"],
    ["reserved", "set aside by a reservation"],
  ] as const;
  return (
    <div className="legend gantt-legend">
      {kinds.map(([kind, words]) => (
        <span key={kind}>
          <span className={`sample ${kind}`} />
          {words}
        </span>
      ))}
      <span className="grow" />
      {projects.slice(0, legendMax).map((project) => (
        <span key={project}>
          <span className="swatch" style={{ background: colourOf(project) }} />
          {project}
        </span>
      ))}
      {projects.length > legendMax && <span>and {projects.length - legendMax} more projects</span>}
    </div>
  );
}
