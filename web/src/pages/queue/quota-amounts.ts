/** A resource that a quota's spec names, and how much of it is its own as the spec writes it. */
export interface QuotaAmount {
  /** `gpus/H100`, `cpus`, `memory` or `others/NAME`. */
  readonly path: string;
  readonly label: string;
  readonly nominal: string;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** What a quota's spec says of each resource. */
export function quotaAmounts(spec: Readonly<Record<string, unknown>>): readonly QuotaAmount[] {
  const nominalOf = (limits: unknown): string => String(recordOf(limits)["nominal"] ?? 0);
  const each = (field: string, label: (key: string) => string): readonly QuotaAmount[] =>
    Object.entries(recordOf(spec[field])).map(([key, limits]) => ({
      path: `${field}/${key}`,
      label: label(key),
      nominal: nominalOf(limits),
    }));
  const plain = (field: string, label: string): readonly QuotaAmount[] =>
    spec[field] === undefined ? [] : [{ path: field, label, nominal: nominalOf(spec[field]) }];
  return [
    ...each("gpus", (model) => (model === "any" ? "GPUs" : `${model} GPUs`)),
    ...plain("cpus", "CPUs"),
    ...plain("memory", "of memory"),
    ...each("others", (name) => name),
  ];
}

/** A quota's spec with another amount of one resource. */
export function withNominal(
  spec: Readonly<Record<string, unknown>>,
  path: string,
  nominal: string,
): Readonly<Record<string, unknown>> {
  const [field = "", ...rest] = path.split("/");
  const key = rest.join("/");
  const amount = field === "memory" ? nominal : Number(nominal);
  const changed = (limits: unknown): Readonly<Record<string, unknown>> => ({ ...recordOf(limits), nominal: amount });
  const before = spec[field];
  return {
    ...spec,
    [field]: key === "" ? changed(before) : { ...recordOf(before), [key]: changed(recordOf(before)[key]) },
  };
}
