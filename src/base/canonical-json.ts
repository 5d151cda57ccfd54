/**
 * Writes a value as JSON in one fixed way: keys sorted by code unit, no spaces, `undefined` members left out.
 *
 * Equal values give equal text, so the text can be hashed and compared. Follows RFC 8785 (JSON
 * Canonicalization Scheme), whose number and string forms are ECMAScript's own.
 *
 * @throws {TypeError} for values that JSON cannot hold (functions, bigints, NaN, infinities).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`JSON cannot hold the number ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  throw new TypeError(`JSON cannot hold a ${typeof value}`);
}
