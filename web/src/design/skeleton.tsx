import type { ReactNode } from "react";

const widths = ["62%", "84%", "48%", "73%", "56%", "90%"];

/** Grey lines in the place of rows that are on their way. */
export function SkeletonLines({
  count = 4,
  height = 14,
}: {
  readonly count?: number;
  readonly height?: number;
}): ReactNode {
  return (
    <div className="stack" style={{ padding: 14 }} aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, index) => (
        <span key={`line-${index + 1}`} className="skeleton" style={{ height, width: widths[index % widths.length] }} />
      ))}
    </div>
  );
}
