import type { ReactNode } from "react";
import { Legend } from "./legend.tsx";
import { seriesFill } from "./series-colour.ts";

/** A bar of parts. */
export interface PartBar {
  readonly label: string;
  readonly parts: readonly { readonly name: string; readonly value: number }[];
  readonly note: string;
}

/** Bars of parts on one scale, with a line at what they may be at most. */
export function PartBars({
  bars,
  limit,
  unit,
}: {
  readonly bars: readonly PartBar[];
  readonly limit: number;
  readonly unit: string;
}): ReactNode {
  const names = [...new Set(bars.flatMap((bar) => bar.parts.map((part) => part.name)))];
  const totalOf = (bar: PartBar): number => bar.parts.reduce((sum, part) => sum + part.value, 0);
  const most = Math.max(limit, ...bars.map(totalOf));
  const percent = (value: number): string => `${((value / most) * 100).toFixed(2)}%`;
  return (
    <figure className="stack tight">
      {bars.map((bar, index) => (
        <div key={`${index} ${bar.label}`} className="part-bar">
          <span>{bar.label}</span>
          <span className="track" role="img" aria-label={`${bar.label}: ${totalOf(bar).toFixed(1)} ${unit}`}>
            {bar.parts.map((part) => (
              <span
                key={part.name}
                style={{ width: percent(part.value), background: seriesFill(names.indexOf(part.name)) }}
                title={`${part.name}: ${part.value.toFixed(1)} ${unit}`}
              />
            ))}
            <span className="limit" style={{ left: percent(limit) }} title={`limit: ${limit.toFixed(1)} ${unit}`} />
          </span>
          <span className="value">
            {totalOf(bar).toFixed(1)} {unit} <span className="muted">{bar.note}</span>
          </span>
        </div>
      ))}
      <Legend
        labels={[...names, { label: `usable: ${limit.toFixed(1)} ${unit}`, mark: "upright", colour: "var(--text)" }]}
      />
    </figure>
  );
}
