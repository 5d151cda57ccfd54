/** Fewer characters than this beside the indent are not worth a line. */
const narrowest = 20;

/** A figure and its percent sign stay together. */
const together = "\u00a0";

/**
 * Breaks a line at its blanks so that none is longer than `width`; a longer word stands as it is.
 *
 * @param indent blanks before every line but the first.
 */
export function wrapLine(text: string, width: number, indent = 0): readonly string[] {
  if (text.length <= width || width < indent + narrowest) return [text];
  const [, start = "", words = ""] = /^( *)(.*)$/s.exec(text) ?? [];
  const lines: string[] = [];
  let line = start;
  for (const word of words.replace(/(?<=\d) (?=%)/g, together).split(" ")) {
    const isFirst = line.trim() === "";
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = " ".repeat(indent) + word;
    } else line = isFirst ? line + word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => each.replaceAll(together, " ").trimEnd());
}
