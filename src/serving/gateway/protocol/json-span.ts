/** A half-open range of bytes. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

/** Bytes of a string that are looked at one by one before the search of the machine takes over. */
const shortString = 24;

/** The first place from `at` on that holds no white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let place = at;
  for (;;) {
    const byte = bytes[place];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return place;
    place += 1;
  }
}

/**
 * The place after the string that begins at `at`, or -1 when it does not end.
 *
 * Long strings, such as prompts, are left to `indexOf`, which looks at many bytes at once.
 */
export function endOfString(bytes: Uint8Array, at: number): number {
  const near = Math.min(bytes.length, at + 1 + shortString);
  for (let place = at + 1; place < near; place += 1) {
    const byte = bytes[place];
    if (byte === quote) return place + 1;
    if (byte === backslash) place += 1;
  }
  let from = at + 1;
  for (;;) {
    const end = bytes.indexOf(quote, from);
    if (end === -1) return -1;
    let slashes = 0;
    while (bytes[end - 1 - slashes] === backslash && end - 1 - slashes > at) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
    from = end + 1;
  }
}

/** The place after the JSON value that begins at `at`, or -1 when it does not end or is none. Brackets must match in number only. */
export function endOfValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === quote) return endOfString(bytes, at);
  if (first === openBrace || first === openBracket) return endOfNest(bytes, at);
  let place = at;
  while (place < bytes.length && !endsScalar(bytes[place])) place += 1;
  return place === at ? -1 : place;
}

function endOfNest(bytes: Uint8Array, at: number): number {
  let depth = 0;
  let place = at;
  while (place < bytes.length) {
    const byte = bytes[place];
    if (byte === quote) {
      place = endOfString(bytes, place);
      if (place === -1) return -1;
      continue;
    }
    place += 1;
    if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return place;
    }
  }
  return -1;
}

function endsScalar(byte: number | undefined): boolean {
  return (
    byte === comma ||
    byte === closeBrace ||
    byte === closeBracket ||
    byte === 0x20 ||
    byte === 0x0a ||
    byte === 0x0d ||
    byte === 0x09
  );
}
