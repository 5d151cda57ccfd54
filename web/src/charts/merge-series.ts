/** Points of one line: places on the horizontal axis, ascending, and their values. */
export interface Line {
  readonly at: readonly number[];
  readonly values: readonly (number | null)[];
}

/**
 * Puts lines with places of their own on one shared horizontal axis, as uPlot wants them.
 *
 * A line has `undefined` where it has no point (uPlot draws on across it) and null where its value is unknown (uPlot leaves a gap).
 */
export function mergeLines(lines: readonly Line[]): {
  readonly at: readonly number[];
  readonly values: readonly (readonly (number | null | undefined)[])[];
} {
  const at = [...new Set(lines.flatMap((line) => line.at))].toSorted((left, right) => left - right);
  const places = new Map(at.map((place, index) => [place, index]));
  const values = lines.map((line) => {
    const row = new Array<number | null | undefined>(at.length).fill(undefined);
    line.at.forEach((place, index) => {
      row[places.get(place) ?? 0] = line.values[index] ?? null;
    });
    return row;
  });
  return { at, values };
}
