import { logEvidence } from "./mixture-evidence.ts";
import { rateRatioLikelihood } from "./rate-ratio.ts";

/** The chance of ever calling a split unfair that was drawn fairly. */
const unfairAlpha = 0.001;

/** Odds of getting the candidate are looked for around these factors of those that were wanted, upwards and downwards. */
const oddsScale = Math.log(1.2);

/**
 * How strongly callers' versions speak against a fair draw: 1 or more when it is not to be believed, at whichever look.
 *
 * A split that fails has lost requests of one version only, so that its versions cannot be compared. A χ² test that is repeated
 * at every look at p < 0.001 calls 2 % of fair splits unfair within 400 looks; this one calls 0.1 % at most, however many there are.
 *
 * Sources: A. Fabijan et al., "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019; M. Lindon, A. Malek, "Anytime-valid
 * inference for multinomial count data", NeurIPS 2022 (the sequential form).
 *
 * @param percent the candidate's share that was wanted, more than 0 and less than 100.
 */
export function splitEvidence(championCount: number, candidateCount: number, percent: number): number {
  const errors = championCount + candidateCount;
  const draw = { championCount: 100 - percent, candidateCount: percent, candidateErrors: candidateCount, errors };
  const likelihood = rateRatioLikelihood([draw]);
  const strongest = Math.max(logEvidence(likelihood, 0, oddsScale), logEvidence(likelihood, 0, -oddsScale));
  return strongest / Math.log(2 / unfairAlpha);
}
