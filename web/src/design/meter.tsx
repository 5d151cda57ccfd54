import type { ReactNode } from "react";

const fullShare = 0.9;

/** A bar of used against total; it changes colour when nearly full, and says its figures to screen readers. */
export function Meter({
  used,
  total,
  label,
}: {
  readonly used: number;
  readonly total: number;
  readonly label: string;
}): ReactNode {
  const share = total <= 0 ? 0 : Math.min(1, used / total);
  return (
    <div
      className="meter"
      role="meter"
      aria-label={label}
      aria-valuenow={used}
      aria-valuemin={0}
      aria-valuemax={total}
      title={label}
    >
      <span className={share >= fullShare ? "full" : ""} style={{ width: `${share * 100}%` }} />
    </div>
  );
}
