/** Reads the value at a dotted path such as `status.phase` or `status.conditions.0.type`; undefined where it ends early. */
export function readField(value: unknown, path: string): unknown {
  let current: unknown = value;
  for (const part of path.split(".")) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[part];
  }
  return current;
}

/** Reads the text, number or truth value at a dotted path as text; `otherwise` for anything else. */
export function readText(value: unknown, path: string, otherwise = ""): string {
  const found = readField(value, path);
  if (typeof found === "string") return found;
  return typeof found === "number" || typeof found === "boolean" ? String(found) : otherwise;
}
