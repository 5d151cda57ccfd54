/** Letters that are taken for digits, and for each other, when a name is read or typed. */
const confusable: Readonly<Record<string, string>> = { o: "0", l: "1", i: "1" };

const fold = (name: string): string => name.replaceAll(/[oli]/g, (letter) => confusable[letter] ?? letter);
const digitsOf = (name: string): string => name.replaceAll(/[^\d.]/g, "");

/** From so many letters on a slip or two are a misspelling; in a shorter name another letter is another name. */
const longName = 6;

/**
 * How likely one name is another one, misspelled: 0 for letters taken for digits (`H10O`), else the slips that leave the digits
 * alone (`lama-3-70b`: 1); undefined where it is none. Another digit is another product. Names in lower case, without signs.
 */
function misspellingOf(asked: string, known: string): number | undefined {
  if (fold(asked) === fold(known)) return asked === known ? undefined : 0;
  if (digitsOf(asked) !== digitsOf(known)) return undefined;
  const isLong = Math.min(asked.length, known.length) >= longName;
  if (!isLong && asked.length === known.length) return undefined;
  const most = isLong ? 2 : 1;
  const slips = slipsBetween(asked, known, most);
  return slips <= most ? slips : undefined;
}

/** The known name that a spelling likely stands for; undefined where it is a misspelling of none. */
export function misspelledAmong(
  asked: string,
  spellings: readonly (readonly [spelling: string, name: string])[],
): string | undefined {
  let best: { readonly name: string; readonly slips: number } | undefined;
  for (const [spelling, name] of spellings) {
    const slips = misspellingOf(asked, spelling);
    if (slips !== undefined && slips < (best?.slips ?? Number.POSITIVE_INFINITY)) best = { name, slips };
  }
  return best?.name;
}

/** Letters to insert, drop or replace between two names (Levenshtein); more than `most` are not counted out. */
export function slipsBetween(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1;
  let above = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (const [row, letter] of [...left].entries()) {
    const line = [row + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above[right.length] ?? 0;
}
