/** Where in a text something stands, both from 1. */
export interface SqlPosition {
  readonly line: number;
  readonly column: number;
}

/** How the SQL engine shows a place: the line's number, a part of its text, and a caret below. */
const shownPattern = /^LINE (\d+): (.*)\n( *)\^/m;
/** What stands where the engine left out the beginning or the end of a long line. */
const cut = "...";

/**
 * Finds the place that an error message of DuckDB shows, in the text that a user wrote.
 *
 * @param linesBefore lines of the statement that stand before the user's text.
 * @returns undefined when the message shows no place, or one outside the text.
 */
export function findSqlPosition(message: string, sql: string, linesBefore: number): SqlPosition | undefined {
  const [, number = "", shown = "", indent = ""] = shownPattern.exec(message) ?? [];
  const line = Number(number) - linesBefore;
  const text = sql.split("\n")[line - 1];
  if (text === undefined) return undefined;
  const caret = indent.length - `LINE ${number}: `.length;
  if (caret < 0) return undefined;
  const start = text.startsWith(shown) ? 0 : findExcerpt(text, shown);
  return start === undefined ? undefined : { line, column: start + caret + 1 };
}

/** Where in a line its shown part begins, counted so that the caret's place can be added. */
function findExcerpt(text: string, shown: string): number | undefined {
  const isCutBefore = shown.startsWith(cut);
  const part = shown.slice(isCutBefore ? cut.length : 0, shown.endsWith(cut) ? -cut.length : undefined);
  const place = text.indexOf(part);
  return place < 0 ? undefined : place - (isCutBefore ? cut.length : 0);
}

/** The message with the lines counted as in the user's own text. */
export function countOwnLines(message: string, linesBefore: number): string {
  return message.replaceAll(/^LINE (\d+): /gm, (shown, number: string) => {
    const own = `LINE ${Number(number) - linesBefore}: `;
    // The caret below must stay in its place.
    return own.padStart(shown.length);
  });
}
