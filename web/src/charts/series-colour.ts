const colours = 8;

/** The CSS variable of the colour of series `index`; colours repeat after the eighth. */
export function seriesColour(index: number): string {
  return `--series-${(index % colours) + 1}`;
}

/** A colour as it looks on a panel where it is drawn with an opacity of `share`. */
export function paled(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${share * 100}%, var(--panel))`;
}

/** The colour as a CSS value. */
export function seriesFill(index: number): string {
  return `var(${seriesColour(index)})`;
}
