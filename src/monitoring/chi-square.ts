/** Terms after which the series and the fraction have long converged to double precision. */
const termsMax = 10_000;
const precision = 1e-15;

/**
 * The chance that a chi-square number with `degrees` degrees of freedom is at least `value`.
 *
 * The upper regularised incomplete gamma function Q(degrees / 2, value / 2), by its series below the mean and its
 * continued fraction (modified Lentz) above: Press et al., "Numerical Recipes" (3rd edition), section 6.2.
 */
export function chiSquareTail(value: number, degrees: number): number {
  if (value <= 0 || degrees <= 0) return 1;
  const shape = degrees / 2;
  const half = value / 2;
  const scale = Math.exp(shape * Math.log(half) - half - logGamma(shape));
  return half < shape + 1 ? 1 - scale * lowerSeries(shape, half) : scale * upperFraction(shape, half);
}

/** The chance that a standard normal number lies beyond `distance` on either side. */
export function normalTails(distance: number): number {
  return chiSquareTail(distance * distance, 1);
}

function lowerSeries(shape: number, half: number): number {
  let term = 1 / shape;
  let sum = term;
  for (let index = 1; index < termsMax && term > sum * precision; index += 1) {
    term *= half / (shape + index);
    sum += term;
  }
  return sum;
}

function upperFraction(shape: number, half: number): number {
  const tiny = 1e-300;
  let b = half + 1 - shape;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let index = 1; index < termsMax; index += 1) {
    const a = -index * (index - shape);
    b += 2;
    d = 1 / nonZero(a * d + b, tiny);
    c = nonZero(b + a / c, tiny);
    const factor = c * d;
    fraction *= factor;
    if (Math.abs(factor - 1) < precision) break;
  }
  return fraction;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

const lanczos = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_571_6e-6,
  1.505_632_735_149_311_6e-7,
] as const;

/** ln Γ(x) for x ≥ 1/2 by Lanczos' approximation (g = 7, n = 9), good to 15 digits. */
function logGamma(x: number): number {
  const shifted = x - 1;
  const base = shifted + 7.5;
  const sum = lanczos.reduce(
    (total, coefficient, index) => total + (index === 0 ? coefficient : coefficient / (shifted + index)),
    0,
  );
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(sum);
}
