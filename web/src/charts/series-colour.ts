const colours = 8;

/** The CSS variable of the colour of series `index`; colours repeat after the eighth. */
export function seriesColour(index: number): string {
  return `--series-${(index % colours) + 1}`;
}

/** The colour as a CSS value. */
export function seriesFill(index: number): string {
  return `var(${seriesColour(index)})`;
}
