/** How a key is written: `mw_<id>_<secret>`. */
const pattern = /^mw_([0-9a-z]{26})_([0-9a-f]{48})$/;

/** A key's two halves: the id finds the row, the secret proves the right. */
export interface ParsedKey {
  readonly id: string;
  readonly secret: string;
}

/** Reads a key, or answers undefined when the text is none. */
export function parseApiKey(text: string): ParsedKey | undefined {
  const match = pattern.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { id: match[1], secret: match[2] };
}

/** Writes a key. */
export function formatApiKey(key: ParsedKey): string {
  return `mw_${key.id}_${key.secret}`;
}
