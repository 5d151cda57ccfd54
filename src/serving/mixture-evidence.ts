/** Logarithm of the likelihood of an effect, up to a constant; concave. */
export type LogLikelihood = (effect: number) => number;

/** Effects to look for, as multiples of a scale with their weights: mostly from a half of it to twice, but also a sixteenth and five times. */
const lookedFor: readonly { readonly multiple: number; readonly logWeight: number }[] = [
  [1 / 16, 1],
  [1 / 8, 1],
  [1 / 4, 2],
  [1 / 2, 4],
  [1, 4],
  [1.5, 4],
  [2, 3],
  [3, 2],
  [5, 1],
].map(([multiple = 0, weight = 0]) => ({ multiple, logWeight: Math.log(weight / 22) }));

/** Steps of the search for a bound, and how near to the threshold the evidence must come. */
const searchStepsMax = 60;
const searchPrecision = 1e-3;

/**
 * Evidence that the effect is greater (`scale` > 0) or less (`scale` < 0) than `effect`, as the logarithm of an e-value.
 *
 * A finite mixture of likelihood ratios Σ wⱼ·L(θ₀ + Δⱼ)/L(θ₀), Δⱼ being multiples of the scale. When each ratio is a martingale at θ₀, so
 * is the mixture, which then exceeds 1/α at any time at all with probability α at most (Ville's inequality); by concavity of ln L it
 * bounds every effect on the other side of θ₀ too. Its price against knowing the effect is
 * -ln wⱼ at most, and less for effects near the scale, where neighbours help.
 *
 * Sources: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics 41(5), 1970
 * (mixtures); A. Ramdas, P. Grünwald, V. Vovk, G. Shafer, "Game-theoretic statistics and safe anytime-valid inference", Statistical Science
 * 38(4), 2023.
 */
export function logEvidence(logLikelihood: LogLikelihood, effect: number, scale: number): number {
  const here = logLikelihood(effect);
  const logs = lookedFor.map(({ multiple, logWeight }) => logWeight + logLikelihood(effect + multiple * scale) - here);
  const greatest = Math.max(...logs);
  return greatest + Math.log(logs.reduce((total, log) => total + Math.exp(log - greatest), 0));
}

/**
 * One end of a confidence sequence: effects further out than it are excluded at every look at once, each end with its own α.
 *
 * @param near an effect that is not excluded: where the likelihood is greatest.
 * @param far as far out as the end may lie; given back when even that is not excluded.
 * @param threshold ln(1/α).
 */
export function evidenceBound(
  logLikelihood: LogLikelihood,
  { near, far }: { readonly near: number; readonly far: number },
  scale: number,
  threshold: number,
): number {
  const direction = near > far ? scale : -scale;
  const excess = (effect: number): number => logEvidence(logLikelihood, effect, direction) - threshold;
  let [inside, outside] = [near, far];
  let [insideExcess, outsideExcess] = [excess(near), excess(far)];
  if (outsideExcess < 0) return far;
  for (let step = 0; step < searchStepsMax; step += 1) {
    // False position, with the Illinois rule against an end that stands still.
    const middle = (inside * outsideExcess - outside * insideExcess) / (outsideExcess - insideExcess);
    const middleExcess = excess(middle);
    if (Math.abs(middleExcess) < searchPrecision) return middle;
    if (middleExcess < 0) {
      [inside, insideExcess] = [middle, middleExcess];
      outsideExcess /= 2;
    } else {
      [outside, outsideExcess] = [middle, middleExcess];
      insideExcess /= 2;
    }
  }
  return outside;
}
