/** One number of GPUs that was looked at. */
export interface TriedGpus<Answer> {
  readonly gpus: number;
  /** Undefined where no layout of so many can run. */
  readonly answer: Answer | undefined;
  readonly isInTime: boolean;
}

/** The fewest GPUs that do it, undefined where none that was tried does, with all that were tried, ascending. */
export interface FewestGpus<Answer> {
  readonly best: (TriedGpus<Answer> & { readonly answer: Answer }) | undefined;
  readonly tried: readonly TriedGpus<Answer>[];
}

/**
 * Finds the first of ascending numbers of GPUs on which a run is in time: from a likely one down while it is in time, else
 * up until it is. A run on more GPUs is taken to be no slower.
 *
 * @param choices ascending.
 * @param likely where to begin.
 * @param triesMax numbers that are looked at.
 */
export function fewestGpus<Answer>(
  choices: readonly number[],
  likely: number,
  triesMax: number,
  runOn: (gpus: number) => { readonly answer: Answer | undefined; readonly isInTime: boolean },
): FewestGpus<Answer> {
  const tried: TriedGpus<Answer>[] = [];
  let best: FewestGpus<Answer>["best"];
  const beyond = choices.findIndex((gpus) => gpus >= likely);
  let at = beyond === -1 ? choices.length - 1 : beyond;
  while (tried.length < triesMax) {
    const gpus = choices[at];
    if (gpus === undefined) break;
    const { answer, isInTime } = runOn(gpus);
    tried.push({ gpus, answer, isInTime });
    if (isInTime && answer !== undefined) best = { gpus, answer, isInTime };
    // Upward until one is in time; downward from the first one while they are: the answer is between the two.
    const wasUpward = tried.length > 1 && gpus > (tried.at(-2)?.gpus ?? gpus);
    if (isInTime ? wasUpward : best !== undefined) break;
    at += isInTime ? -1 : 1;
  }
  return { best, tried: tried.toSorted((left, right) => left.gpus - right.gpus) };
}
