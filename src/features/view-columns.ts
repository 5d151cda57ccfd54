import type { Millis } from "../base/clock.ts";
import { parseDuration } from "../base/units.ts";
import type { FeatureViewSpec } from "./model.ts";

/** The numeric source columns of a view, each once, in the order in which its features name them. */
export function valueColumns(spec: FeatureViewSpec): readonly string[] {
  return [...new Set(spec.features.flatMap((feature) => (feature.column === undefined ? [] : [feature.column])))];
}

/** The lengths of a view's windows, each once, in the order in which its features name them. */
export function windowsOf(spec: FeatureViewSpec): readonly Millis[] {
  return [...new Set(spec.features.map((feature) => parseDuration(feature.window)))];
}

/** How far back the view looks at most. */
export function longestWindow(spec: FeatureViewSpec): Millis {
  return Math.max(...windowsOf(spec));
}
