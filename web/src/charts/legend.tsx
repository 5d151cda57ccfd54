import type { ReactNode } from "react";
import { seriesFill } from "./series-colour.ts";

/** How a series is drawn, and so its mark in the legend: filled, a line, a dashed line, or an upright one. */
export type LegendMark = "fill" | "line" | "dashed" | "upright";

/** What a name of a legend stands for; the colour is that of its place where none is given. */
export interface LegendEntry {
  readonly label: string;
  readonly mark?: LegendMark;
  readonly colour?: string;
}

/** Names of series with their colours. */
export function Legend({ labels }: { readonly labels: readonly (string | LegendEntry)[] }): ReactNode {
  return (
    <figcaption className="legend">
      {labels.map((each, index) => {
        const { label, mark = "fill", colour = seriesFill(index) } = typeof each === "string" ? { label: each } : each;
        return (
          <span key={label}>
            <span className={`swatch ${mark}`} style={{ color: colour }} />
            {label}
          </span>
        );
      })}
    </figcaption>
  );
}
