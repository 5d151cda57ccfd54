/** One field that differs; `before` or `after` is undefined where the field is absent. */
export interface FieldChange {
  /** Such as `spec.resources.gpus` or `spec.expectations[0].column`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Longest value that a line of a diff shows. */
const longestValue = 60;

/**
 * Lists the leaves that differ between two JSON values, by path, in the order in which they appear.
 *
 * Objects are compared by key and arrays by place. A whole subtree that was added or removed is one change.
 */
export function diffFields(before: unknown, after: unknown, path = ""): readonly FieldChange[] {
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => diffFields(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const places = Array.from({ length: Math.max(before.length, after.length) }, (_, place) => place);
    return places.flatMap((place) => diffFields(before[place], after[place], `${path}[${place}]`));
  }
  return isSame(before, after) ? [] : [{ path, before, after }];
}

/** Writes a change as one line: `+ path: value`, `- path: value` or `~ path: old → new`. */
export function formatChange(change: FieldChange): string {
  if (change.before === undefined) return `+ ${change.path}: ${formatValue(change.after)}`;
  if (change.after === undefined) return `- ${change.path}: ${formatValue(change.before)}`;
  return `~ ${change.path}: ${formatValue(change.before)} → ${formatValue(change.after)}`;
}

function formatValue(value: unknown): string {
  const text = typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  return text.length <= longestValue ? text : `${text.slice(0, longestValue - 1)}…`;
}

function isSame(before: unknown, after: unknown): boolean {
  if (Object.is(before, after)) return true;
  const bothEmpty = isEmptyContainer(before) && isEmptyContainer(after);
  return bothEmpty && Array.isArray(before) === Array.isArray(after);
}

function isEmptyContainer(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
