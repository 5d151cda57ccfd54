function channel(colour: string, at: number): number {
  return Number.parseInt(colour.slice(at, at + 2), 16);
}

/** `#fff` as `#ffffff`, the form that style sheets lose when they are made small. */
function inFull(colour: string): string {
  return /^#[0-9a-f]{3}$/i.test(colour) ? colour.replaceAll(/[0-9a-f]/gi, "$&$&") : colour;
}

/**
 * Mixes two colours written as `#rrggbb` or `#rgb`: `share` of the first and the rest of the second. A colour in another form
 * is given back as it is.
 */
export function mixColours(first: string, second: string, share: number): string {
  const [front, back] = [inFull(first), inFull(second)];
  if (!/^#[0-9a-f]{6}$/i.test(front) || !/^#[0-9a-f]{6}$/i.test(back)) return first;
  const mixed = [1, 3, 5].map((at) => Math.round(channel(front, at) * share + channel(back, at) * (1 - share)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}
