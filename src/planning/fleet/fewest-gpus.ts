/** What is known of a run on some number of GPUs. */
export interface RunOn<Answer> {
  /** Undefined where no layout of so many can run. */
  readonly answer: Answer | undefined;
  /** Time of the run over the time that it may take: at most 1 is in time; infinite where it cannot run. */
  readonly timeShare: number;
}

/** One number of GPUs that was looked at. */
export interface TriedGpus<Answer> extends RunOn<Answer> {
  readonly gpus: number;
}

/** The fewest GPUs that do it, undefined where none that was tried does, with all that were tried, ascending. */
export interface FewestGpus<Answer> {
  readonly best: (TriedGpus<Answer> & { readonly answer: Answer }) | undefined;
  readonly tried: readonly TriedGpus<Answer>[];
}

/** Where the search looks, and how often. */
export interface GpusSearch {
  /** Numbers that are tried first, ascending: doublings. */
  readonly choices: readonly number[];
  /** Where to begin. */
  readonly likely: number;
  /** Numbers of `choices` that are tried. */
  readonly triesMax: number;
  readonly gpusPerServer: number;
  /** Numbers between two of `choices` that are tried after them. */
  readonly finerTriesMax: number;
}

/** Numbers that are looked at between two that were, at one fineness. */
const betweenMax = 15;
/** Twice the GPUs may be more than twice as fast where memory was short: of what proportion asks, at least so much is needed. */
const leastOfProportion = 0.85;

/**
 * Finds the fewest GPUs on which a run is in time. Doublings are tried first, from a likely one down while it is in time, else up
 * until it is; then whole servers between the last that was late and the first in time, from the fewest that could do it on:
 * finer and finer, to single servers where the tries last. Numbers that a batch or a model's heads do not divide by are slow or
 * cannot run at all, so the search does not halve: it takes the first that is in time.
 *
 * @param runOn the run on so many GPUs; asked once for each number.
 */
export function fewestGpus<Answer>(search: GpusSearch, runOn: (gpus: number) => RunOn<Answer>): FewestGpus<Answer> {
  const tried: TriedGpus<Answer>[] = [];
  const attempt = (gpus: number): TriedGpus<Answer> => {
    const found = { gpus, ...runOn(gpus) };
    tried.push(found);
    return found;
  };
  tryDoublings(search, attempt);
  tryBetween(search, tried, attempt);
  const ascending = tried.toSorted((left, right) => left.gpus - right.gpus);
  return { best: ascending.find(isInTime), tried: ascending };
}

type Attempt<Answer> = (gpus: number) => TriedGpus<Answer>;

function isInTime<Answer>(each: TriedGpus<Answer>): each is TriedGpus<Answer> & { readonly answer: Answer } {
  return each.answer !== undefined && each.timeShare <= 1;
}

/** Upward until one is in time; downward from the first one while they are: the answer is between the last two. */
function tryDoublings<Answer>({ choices, likely, triesMax }: GpusSearch, attempt: Attempt<Answer>): void {
  const beyond = choices.findIndex((gpus) => gpus >= likely);
  let at = beyond === -1 ? choices.length - 1 : beyond;
  let direction = 0;
  for (let tries = 0; tries < triesMax; tries += 1) {
    const gpus = choices[at];
    if (gpus === undefined) return;
    const next = isInTime(attempt(gpus)) ? -1 : 1;
    if (direction !== 0 && next !== direction) return;
    direction = next;
    at += next;
  }
}

/** Whole servers between a number that is late and the next that is in time, ever finer. */
function tryBetween<Answer>(
  { gpusPerServer, finerTriesMax }: GpusSearch,
  tried: readonly TriedGpus<Answer>[],
  attempt: Attempt<Answer>,
): void {
  let left = finerTriesMax;
  while (left > 0) {
    const ascending = tried.toSorted((one, other) => one.gpus - other.gpus);
    const at = ascending.findIndex(isInTime);
    const [late, best] = [ascending[at - 1], ascending[at]];
    if (late === undefined || best === undefined) return;
    const between = serversBetween(late, best.gpus, gpusPerServer).slice(0, left);
    if (between.length === 0) return;
    left -= between.length;
    for (const gpus of between) if (isInTime(attempt(gpus))) break;
  }
}

/** Evenly spaced whole servers above a number that is late, from the fewest that could be in time on, ascending. */
function serversBetween<Answer>(late: TriedGpus<Answer>, inTime: number, gpusPerServer: number): readonly number[] {
  const first = Math.floor(late.gpus / gpusPerServer) + 1;
  const last = Math.ceil(inTime / gpusPerServer) - 1;
  let step = 1;
  while ((last - first + 1) / step > betweenMax) step *= 2;
  const least = Number.isFinite(late.timeShare) ? late.gpus * late.timeShare * leastOfProportion : 0;
  const servers: number[] = [];
  for (let count = Math.ceil(first / step) * step; count <= last; count += step) {
    if (count * gpusPerServer >= least) servers.push(count * gpusPerServer);
  }
  return servers;
}
