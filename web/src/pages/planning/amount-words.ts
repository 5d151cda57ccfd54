const letters = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
] as const;

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, K: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };

/** An amount as it stands in a field: `4,096`, and from a million on with a letter, `1.5T`. */
export function writeAmount(value: number): string {
  for (const [factor, letter] of letters) {
    if (value >= factor && Number((value / factor).toPrecision(6)) * factor === value) {
      return `${Number((value / factor).toPrecision(6))}${letter}`;
    }
  }
  return value < 1e-6 ? String(value) : value.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** Reads what was typed: `96`, `1.5T`, `4,096`; undefined when it is no number of at least zero. */
export function parseAmount(text: string): number | undefined {
  const [, digits = "", letter = ""] =
    /^(-?\d+(?:\.\d+)?(?:e\d+)?)\s*([kKMBGT]?)$/.exec(text.trim().replaceAll(",", "")) ?? [];
  const value = Number(digits) * (factors[letter] ?? Number.NaN);
  return digits === "" || !Number.isFinite(value) ? undefined : value;
}

/** The place of the step that is nearest to a value: in ratio where all steps are above zero, else in distance. */
export function nearestStep(steps: readonly number[], value: number): number {
  const isRatio = (steps[0] ?? 0) > 0 && value > 0;
  const distance = (step: number): number => (isRatio ? Math.abs(Math.log(step / value)) : Math.abs(step - value));
  return steps.reduce((best, step, at) => (distance(step) < distance(steps[best] ?? step) ? at : best), 0);
}

/** What is wrong with an amount that was typed, and what to write; null when nothing is. */
export function wrongAmount(text: string, steps: readonly number[]): string | null {
  const value = parseAmount(text);
  const least = steps[0] ?? 0;
  const most = steps.at(-1) ?? Number.POSITIVE_INFINITY;
  if (value !== undefined && value >= least && value <= most) return null;
  return `Write a number from ${writeAmount(least)} to ${writeAmount(most)}, such as ${writeAmount(steps[Math.floor(steps.length / 2)] ?? least)}.`;
}
