import type { ReactNode } from "react";
import { Facts } from "../../design/figures.tsx";
import { Panel } from "../../design/panel.tsx";
import { StateBadge } from "../../design/state-badge.tsx";
import { When } from "../../design/when.tsx";
import { formatSpan } from "../../words/numbers.ts";
import type { Scale } from "./deployment-status.ts";

/** How many replicas there are to be, why, and how long new ones take. */
export function ScalePanel({
  scale,
  coldStartsMs,
}: {
  readonly scale: Scale | null;
  readonly coldStartsMs: readonly number[];
}): ReactNode {
  if (scale === null && coldStartsMs.length === 0) return null;
  return (
    <Panel
      title="Scale"
      actions={
        scale?.isPanic === true ? (
          <StateBadge state="burst" tone="warning" title="Nothing is scaled down meanwhile" />
        ) : undefined
      }
    >
      <Facts
        facts={[
          ...(scale === null
            ? ([["Replicas", "as many as the manifest says"]] as const)
            : ([
                ["Replicas", `${scale.ready} ready of ${scale.replicas} wanted`],
                ["Why", scale.reason === "" ? "–" : scale.reason],
                ["Since", <When key="since" at={scale.since} />],
                ["A start takes", formatSpan(scale.coldStartMs)],
              ] as const)),
          ["Last starts", <ColdStarts key="starts" startsMs={coldStartsMs} />],
        ]}
      />
    </Panel>
  );
}

/** Starts that are drawn. */
const startsShown = 4;

/** How long the last starts took, the newest first: a bar each. */
function ColdStarts({ startsMs }: { readonly startsMs: readonly number[] }): ReactNode {
  if (startsMs.length === 0) return "none was measured";
  const shown = startsMs.slice(0, startsShown);
  const longest = Math.max(1, ...shown);
  return (
    <span className="cold-starts">
      {shown.map((startMs, place) => (
        <span key={place} className="row" title={place === 0 ? "the newest start" : undefined}>
          <span className="meter" style={{ width: 110 }}>
            <span style={{ width: `${(100 * startMs) / longest}%` }} />
          </span>
          {formatSpan(startMs)}
        </span>
      ))}
    </span>
  );
}
