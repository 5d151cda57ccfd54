/** What a result becomes when one rate alone goes to its ends. */
export interface TornadoRow {
  readonly label: string;
  readonly low: string;
  readonly high: string;
  readonly resultAtLow: number;
  readonly resultAtHigh: number;
}

/** Where the names, the bars and the words at their ends find room. Pixels. */
export interface TornadoLayout {
  /** Names stand above their bars, not beside them. */
  readonly isNarrow: boolean;
  readonly labelRight: number;
  readonly plotLeft: number;
  readonly plotRight: number;
  readonly rowHeight: number;
  readonly barTop: number;
}

/** Width of a letter: no font is measured, so it is taken as wide. */
const boldWidth = 6.9;
const letterWidth = 6.4;
const gap = 10;
/** Bars keep at least this share of a wide chart; else the names go above them. */
const barsLeast = 0.34;

/** Lays a tornado into a width, so that no name, bar or word lies over another. */
export function layTornado(rows: readonly TornadoRow[], width: number): TornadoLayout {
  const widest = (words: readonly string[], letter: number): number =>
    Math.max(0, ...words.map((each) => each.length)) * letter;
  const names = widest(
    rows.map((row) => row.label),
    boldWidth,
  );
  const ends = widest(
    rows.flatMap((row) => [row.low, row.high]),
    letterWidth,
  );
  const plotRight = width - ends - gap;
  const wideLeft = names + gap + ends + gap;
  const isNarrow = plotRight - wideLeft < width * barsLeast;
  const plotLeft = isNarrow ? ends + gap : wideLeft;
  return {
    isNarrow,
    labelRight: names,
    plotLeft,
    plotRight: Math.max(plotLeft + 1, plotRight),
    rowHeight: isNarrow ? 39 : 25,
    barTop: isNarrow ? 18 : 5,
  };
}
