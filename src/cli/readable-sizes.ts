import { formatMemory, formatSize } from "../base/units.ts";

/** Figures under this are a model's own, whatever they are called. */
const ownFigures = "metrics";

/** The same value with sizes as people read them: `memory: 64GiB` and `bytes: 13.5MB` in place of numbers of bytes. */
export function withReadableSizes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReadableSizes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === ownFigures ? member : typeof member === "number" ? readable(key, member) : withReadableSizes(member),
    ]),
  );
}

function readable(key: string, value: number): number | string {
  if (/^memory(?:Peak|Limit)?$|Memory$/.test(key)) return formatMemory(value);
  return /^bytes$|Bytes$/.test(key) ? formatSize(value) : value;
}
