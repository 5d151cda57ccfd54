/** Adds series upon each other: each answer holds the sums up to and with its own series. Null counts as nothing. */
export function stackSeries(series: readonly (readonly (number | null)[])[]): readonly (readonly number[])[] {
  const length = series[0]?.length ?? 0;
  const sums = new Array<number>(length).fill(0);
  return series.map((values) =>
    Array.from({ length }, (_, index) => {
      sums[index] = (sums[index] ?? 0) + (values[index] ?? 0);
      return sums[index] ?? 0;
    }),
  );
}
