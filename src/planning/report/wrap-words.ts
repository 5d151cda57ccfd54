/** What would begin a list, a heading, a quotation or a table at the start of a line of Markdown. */
const marker = /^(?:[-+*#>|=]|\d+[.)])/;

/** A figure and its percent sign stay together. */
const together = "\u00a0";

/**
 * Breaks a text into lines of at most `width` characters, where it has blanks; a longer word stands in a line of its own. No line
 * but the first begins with what Markdown takes for the start of something else.
 *
 * @param indent stands before every line but the first.
 */
export function wrapWords(text: string, width: number, indent = ""): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.replace(/(?<=\d) (?=%)/g, together).split(" ")) {
    const isFull = line !== "" && line.length + 1 + word.length > width;
    if (isFull && !marker.test(word)) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n").replaceAll(together, " ");
}
