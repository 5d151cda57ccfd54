import type { ReactNode } from "react";
import { seriesFill } from "../../charts/series-colour.ts";
import type { TrafficShare } from "./deployment-status.ts";
import { versionOrder } from "./traffic-series.ts";

/** How much of its version's colour a baseline has: it is the champion's version once more. */
const baselineOpacity = 0.5;

/**
 * Shares of traffic by version as one bar with its legend.
 *
 * @param others versions that are drawn elsewhere on the page, so that each has one colour everywhere.
 */
export function SplitBar({
  split,
  others = [],
}: {
  readonly split: readonly TrafficShare[];
  readonly others?: readonly string[];
}): ReactNode {
  if (split.length === 0) return <span className="faint">no traffic</span>;
  const words = split.map((share) => `${share.version} ${share.percent}%`).join(", ");
  const order = versionOrder([...others, ...split.map((share) => share.version)]);
  const style = ({ version, arm }: TrafficShare) => ({
    background: seriesFill(order.indexOf(version)),
    opacity: arm === "baseline" ? baselineOpacity : 1,
  });
  return (
    <div className="stack tight">
      <div className="meter" style={{ height: 10 }} role="img" aria-label={words}>
        {split.map((share) => (
          <span
            key={`${share.version} ${share.arm}`}
            style={{ width: `${share.percent}%`, ...style(share) }}
            title={`${share.arm} ${share.version}: ${share.percent}%`}
          />
        ))}
      </div>
      <div className="legend">
        {split.map((share) => (
          <span key={`${share.version} ${share.arm}`}>
            <span className="swatch" style={style(share)} />
            {share.version} {share.percent}% {split.length > 1 && <span className="faint">{share.arm}</span>}
          </span>
        ))}
      </div>
    </div>
  );
}
