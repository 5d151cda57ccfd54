/** A figure and its percent sign stay together. */
const together = "\u00a0";

/** How words are laid into lines. */
export interface Wrapping {
  /** Characters of a line at most; a longer word stands in a line of its own. */
  readonly width: number;
  /** Stands before the first line, and before every other one; nothing if absent. */
  readonly start?: string;
  readonly indent?: string;
  /** Words that begin no line but the first. */
  readonly kept?: RegExp;
}

/** Breaks a text into lines where it has blanks. */
export function wrapWords(text: string, { width, start = "", indent = "", kept }: Wrapping): readonly string[] {
  const lines: string[] = [];
  let line = start;
  for (const word of text.replace(/(?<=\d) (?=%)/g, together).split(" ")) {
    const isFirst = line.trim() === "";
    const isFull = !isFirst && line.length + 1 + word.length > width;
    if (isFull && kept?.test(word) !== true) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = isFirst ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line].map((each) => each.replaceAll(together, " "));
}
