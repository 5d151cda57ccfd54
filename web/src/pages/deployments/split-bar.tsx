import type { ReactNode } from "react";
import { seriesFill } from "../../charts/series-colour.ts";
import type { TrafficShare } from "./deployment-status.ts";

/** Shares of traffic by version as one bar with its legend. */
export function SplitBar({ split }: { readonly split: readonly TrafficShare[] }): ReactNode {
  if (split.length === 0) return <span className="faint">no traffic</span>;
  const words = split.map((share) => `${share.version} ${share.percent}%`).join(", ");
  return (
    <div className="stack tight">
      <div className="meter" style={{ height: 10 }} role="img" aria-label={words}>
        {split.map((share, index) => (
          <span
            key={`${share.version} ${share.arm}`}
            style={{ width: `${share.percent}%`, background: seriesFill(index) }}
            title={`${share.arm} ${share.version}: ${share.percent}%`}
          />
        ))}
      </div>
      <div className="legend">
        {split.map((share, index) => (
          <span key={`${share.version} ${share.arm}`}>
            <span className="swatch" style={{ background: seriesFill(index) }} />
            {share.version} {share.percent}% {split.length > 1 && <span className="faint">{share.arm}</span>}
          </span>
        ))}
      </div>
    </div>
  );
}
