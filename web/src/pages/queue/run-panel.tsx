import type { ReactNode } from "react";
import type { HeldPlace, WorkloadRow } from "../../api/compute.ts";
import { Facts } from "../../design/figures.tsx";
import { useNow } from "../../design/now.ts";
import { When } from "../../design/when.tsx";
import { evictionCost, evictionCostWords } from "../../words/eviction-cost.ts";
import { formatSpan } from "../../words/numbers.ts";
import { aheadWords } from "../../words/planned-start.ts";

const placesMax = 8;

/** Where a workload runs, until when, and what stopping it for another one would cost. */
export function RunPanel({ workload }: { readonly workload: WorkloadRow }): ReactNode {
  const now = useNow();
  const { places, limitMs, startedAt, isPreemptible, minRuntimeMs, timesPreempted, checkpointAt } = workload;
  const cost = evictionCost({ ...workload, members: Math.max(1, places.length) }, now);
  const safeUntil = startedAt === null ? null : startedAt + minRuntimeMs;
  const isSafe = safeUntil !== null && minRuntimeMs > 0 && safeUntil > now;
  return (
    <section className="stack tight">
      <h3>Its place</h3>
      <Facts
        facts={[
          ["Runs on", <Places key="places" places={places} node={workload.node} />],
          [
            "Limit",
            limitMs === null
              ? "none: it runs until it is done"
              : `${formatSpan(limitMs)}${startedAt === null ? "" : `, over ${aheadWords(startedAt + limitMs, now)} at the latest`}`,
          ],
          [
            "May be stopped",
            !isPreemptible
              ? "no: it is never stopped for others"
              : isSafe
                ? `${aheadWords(safeUntil, now)}: it may run ${formatSpan(minRuntimeMs)} undisturbed`
                : "yes: for a workload that comes before it",
          ],
          ...(isPreemptible && startedAt !== null
            ? [
                ["That would cost", evictionCostWords(cost)] as const,
                [
                  "Last checkpoint",
                  checkpointAt === null ? "none yet" : <When key="saved" at={checkpointAt} />,
                ] as const,
              ]
            : []),
          ...(timesPreempted > 0 ? [["Was stopped", timesWords(timesPreempted)] as const] : []),
        ]}
      />
    </section>
  );
}

/** How often it had to make room. */
export function timesWords(times: number): string {
  return times === 1 ? "once for others" : `${times} times for others`;
}

function Places({ places, node }: { readonly places: readonly HeldPlace[]; readonly node: string | null }): ReactNode {
  if (places.length === 0) return node ?? "–";
  return (
    <ul>
      {places.slice(0, placesMax).map((place, index) => (
        <li key={`${place.node} ${index}`}>
          {place.node}
          <span className="muted">{gpuWords(place.gpus)}</span>
        </li>
      ))}
      {places.length > placesMax && <li className="muted">and {places.length - placesMax} more members</li>}
    </ul>
  );
}

function gpuWords(gpus: HeldPlace["gpus"]): string {
  const [first] = gpus;
  if (first === undefined) return "";
  const indices = gpus.map((gpu) => gpu.index).join(", ");
  const simulated = first.isSimulated ? ", simulated" : "";
  return ` · GPU ${indices} (${first.model}${simulated})`;
}
