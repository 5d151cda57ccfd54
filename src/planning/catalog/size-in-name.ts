/** What a model's name, or its user, says of its size; numbers of weights. */
export type StatedSize =
  | { readonly kind: "dense"; readonly total: number }
  | {
      readonly kind: "experts";
      readonly total: number;
      readonly active?: number;
      readonly count?: number;
    };

const factors: Readonly<Record<string, number>> = { m: 1e6, b: 1e9, t: 1e12 };
/** `8x7b`: experts share their attention, so that the whole is smaller than the product (Mixtral: 46.7 of 56, 141 of 176). */
const sharedByExperts = 0.82;
/** No dense model is known to be larger than this; whoever names more weights means experts. */
const denseMost = 500e9;

/** Models of fewer or more weights are not planned from their number alone. */
const [weightsLeast, weightsMost] = [1e8, 2e13];

/** The size with its bounds checked; undefined outside them. */
export function statedSize(total: number, active: number | undefined, hasExperts: boolean): StatedSize | undefined {
  if (!(total >= weightsLeast && total <= weightsMost)) return undefined;
  if (active === undefined && !hasExperts && total <= denseMost) return { kind: "dense", total };
  if (active !== undefined && !(active >= weightsLeast / 10 && active <= total)) return undefined;
  return { kind: "experts", total, ...(active === undefined ? {} : { active }) };
}

/**
 * Reads the number of weights that a model's name states: `acme-13b`, `foo-8x7B`, `bar-30B-A3B`, `my-moe-100b`.
 *
 * @returns undefined where the name states none, or several.
 */
export function sizeInName(name: string): StatedSize | undefined {
  const text = name.toLowerCase().replace(/^.*\//, "");
  const product = /(?<![a-z0-9.])(\d{1,3})x(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(text);
  if (product !== null) {
    const [, count, each] = product.map(Number);
    const size = statedSize((count ?? 0) * (each ?? 0) * 1e9 * sharedByExperts, undefined, true);
    return size?.kind === "experts" ? { ...size, count: count ?? 0 } : size;
  }
  if (/\d+e(?![a-z0-9])/.test(text)) return undefined;
  const active = /(?<![a-z0-9])a(\d+(?:\.\d+)?)b(?![a-z0-9])/.exec(text)?.[1];
  const hasExperts = active !== undefined || /moe|expert/.test(text);
  const found = [...text.matchAll(/(?<![a-z0-9.])(\d+(?:\.\d+)?)([mbt])(?![a-z0-9])/g)];
  const billions = found.filter(([, , letter]) => letter !== "m");
  const [only, other] = billions.length > 0 ? billions : found;
  if (only === undefined || other !== undefined) return undefined;
  const total = Number(only[1]) * (factors[only[2] ?? ""] ?? Number.NaN);
  return statedSize(total, active === undefined ? undefined : Number(active) * 1e9, hasExperts);
}
