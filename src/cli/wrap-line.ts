import { wrapWords } from "../base/wrap-words.ts";

/** Fewer characters than this beside the indent are not worth a line. */
const narrowest = 20;

/**
 * Breaks a line at its blanks so that none is longer than `width`; a longer word stands as it is.
 *
 * @param indent blanks before every line but the first.
 */
export function wrapLine(text: string, width: number, indent = 0): readonly string[] {
  if (text.length <= width || width < indent + narrowest) return [text];
  const [, start = "", words = ""] = /^( *)(.*)$/s.exec(text) ?? [];
  return wrapWords(words, { width, start, indent: " ".repeat(indent) }).map((line) => line.trimEnd());
}
