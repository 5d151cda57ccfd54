/**
 * How many of a scarce number of requests at once each worker may hold: as much as it has use for, and of what is left over,
 * those that have use for more get equal parts (max-min fairness).
 *
 * What does not divide goes round by `turn`, so that nobody is left out for good where there are more workers than places.
 *
 * @param uses what each worker has use for; Infinity for one that was refused.
 * @returns one ceiling for each worker; they add up to `amount` where the uses do not add up to less.
 */
export function fairCeilings(amount: number, uses: readonly number[], turn: number): readonly number[] {
  let left = amount;
  let hungry = uses.length;
  for (const use of uses.toSorted((one, other) => one - other)) {
    if (use * hungry > left) break;
    left -= use;
    hungry -= 1;
  }
  if (hungry === 0) return uses;
  const level = Math.floor(left / hungry);
  const more = left - level * hungry;
  let place = 0;
  return uses.map((use) => {
    if (use <= level) return use;
    const isFirst = (place + turn) % hungry < more;
    place += 1;
    return isFirst ? level + 1 : level;
  });
}
