import type { Instant } from "../../base/clock.ts";
import type { EngineState } from "../engine/engine-state.ts";
import type { Waiting } from "../engine/entry.ts";
import type { WorkItem } from "../engine/model.ts";
import { optionsOf } from "../engine/place-options.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type EditLadder, editLadders, type EditStep } from "./edit-ladders.ts";
import { findVictims, foresee } from "./explain-item.ts";
import type { Edit, ForeseenEviction } from "./model.ts";
import { wordsOfList } from "./words.ts";

/** How often the engine is asked about one field. */
const asksMax = 8;

/** What a search for edits found. */
export interface EditSearch {
  readonly edits: readonly Edit[];
  /** How many forks it took. */
  readonly forks: number;
  /** Whether it stopped at the bound on forks: there may be more edits. */
  readonly isCutOff: boolean;
}

/** How many forks a search takes at most, if nothing else is said. */
const forksMaxDefault = 32;

/**
 * Finds the smallest single edits that would start a waiting workload now.
 *
 * For each field the smallest sufficient change is guessed by bisection on one fork, by looks at places alone; then the
 * engine itself is asked: on a fresh fork the workload is withdrawn and the edited one submitted, a cycle runs, and it
 * must have started (or, for a higher priority, the runs that it evicts must have been told to stop); and one step
 * less must not do. So an edit is never a guess, unless something else changes first.
 *
 * Cost: a fork and a cycle for each question to the engine, two for most edits, and some twenty looks for each field.
 *
 * @param fork gives an engine that knows what the live one knows as of its last cycle, such as
 *   `() => Scheduler.restore(snapshot)`; each is used up.
 */
export function findEdits(
  fork: () => Scheduler,
  id: string,
  now: Instant,
  forksMax: number = forksMaxDefault,
): EditSearch {
  const search = new Search(fork, now, forksMax);
  const sandbox = search.fork();
  const item = sandbox?.state.waiting.get(id)?.item;
  if (sandbox === null || item === undefined) return { edits: [], forks: search.forks, isCutOff: sandbox === null };
  const edits = editLadders(sandbox.state, item).flatMap((ladder) => climb(search, sandbox, ladder) ?? []);
  return { edits, forks: search.forks, isCutOff: search.isSpent };
}

/** What the engine answered: null when the workload still waits. */
interface Outcome {
  readonly effect: Edit["effect"];
  readonly evicts: readonly ForeseenEviction[];
}

/** The forks of one search. */
class Search {
  readonly #fork: () => Scheduler;
  readonly #now: Instant;
  readonly #forksMax: number;
  forks = 0;
  /** Whether a fork was refused. */
  isSpent = false;

  constructor(fork: () => Scheduler, now: Instant, forksMax: number) {
    this.#fork = fork;
    this.#now = now;
    this.#forksMax = forksMax;
  }

  fork(): Scheduler | null {
    if (this.forks >= this.#forksMax) {
      this.isSpent = true;
      return null;
    }
    this.forks += 1;
    return this.#fork();
  }

  /** Whether the step does by looks alone. Leaves the edited workload in the sandbox's queue. */
  looksGood(sandbox: Scheduler, ladder: EditLadder, step: number): boolean {
    const { item } = ladder.at(step);
    sandbox.finish(item.id, this.#now);
    sandbox.submit(item);
    const entry = sandbox.state.waiting.get(item.id);
    if (entry === undefined) return false;
    if (fitsNow(sandbox.state, entry, this.#now)) return true;
    if (ladder.field !== "priority" || !sandbox.state.settings.isPreemptionOn) return false;
    return findVictims(sandbox.state, entry, this.#now) !== null;
  }

  /** Asks the engine on a fresh fork; undefined when no more forks are to be had. */
  ask(ladder: EditLadder, step: number): Outcome | null | undefined {
    const engine = this.fork();
    if (engine === null) return undefined;
    return decide(engine, ladder.at(step).item, this.#now, ladder.field === "priority");
  }
}

function fitsNow(state: EngineState, entry: Waiting, now: Instant): boolean {
  const isIgnored = state.ignorableFor(entry);
  return optionsOf(state, entry).some(
    ({ pool, ask }) => state.search.findNow(pool, ask, now, now + entry.reckonedMs, isIgnored) !== null,
  );
}

function decide(engine: Scheduler, item: WorkItem, now: Instant, mayEvict: boolean): Outcome | null {
  const runs = new Map(engine.state.running);
  engine.finish(item.id, now);
  engine.submit(item);
  const { starts, evictions, shrinks } = engine.cycle(now);
  if (starts.some((start) => start.id === item.id)) return { effect: "starts", evicts: [] };
  if (!mayEvict) return null;
  const evicts = evictions
    .filter((eviction) => eviction.forId === item.id)
    .flatMap(({ id }) => {
      const run = runs.get(id);
      return run === undefined ? [] : [foresee(run, now)];
    });
  const isMade = evicts.length > 0 || shrinks.some((shrink) => shrink.forId === item.id);
  return isMade ? { effect: "evicts", evicts } : null;
}

/** The smallest step of a ladder that does: one that the engine takes, while it refuses the one before. */
function climb(search: Search, sandbox: Scheduler, ladder: EditLadder): Edit | null {
  const guess = guessStep(search, sandbox, ladder);
  if (guess === null) return null;
  // As it is, the workload waits: step 0 does not do.
  let low = 0;
  let high: number | null = null;
  let outcome: Outcome | null = null;
  let next = guess;
  for (let asked = 0; asked < asksMax; asked += 1) {
    const answer = search.ask(ladder, next);
    if (answer === undefined) break;
    if (answer === null) low = next;
    else [high, outcome] = [next, answer];
    if (high === null && low === ladder.steps) return null;
    if (high !== null && low + 1 === high) break;
    next = nextStep(low, high, guess, ladder.steps);
  }
  if (high === null || outcome === null) return null;
  return editOf(ladder, ladder.at(high), outcome, low + 1 === high);
}

/** Which step to ask for, between one that does not do and one that does, if there is one yet. */
function nextStep(low: number, high: number | null, guess: number, steps: number): number {
  // Others may be served first: what looked good may not be enough. Ever further up.
  if (high === null) return Math.min(steps, Math.max(low + 1, guess + 2 * (low - guess)));
  return high === guess ? high - 1 : (low + high) >> 1;
}

/** The smallest step that looks good, by bisection: larger steps are taken to look no worse. */
function guessStep(search: Search, sandbox: Scheduler, ladder: EditLadder): number | null {
  if (!search.looksGood(sandbox, ladder, ladder.steps)) return null;
  let low = 0;
  let high = ladder.steps;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (search.looksGood(sandbox, ladder, middle)) high = middle;
    else low = middle;
  }
  return high;
}

function editOf(
  ladder: EditLadder,
  { to, sentence }: EditStep,
  { effect, evicts }: Outcome,
  isSmallest: boolean,
): Edit {
  const { field, from } = ladder;
  const whom = wordsOfList(evicts.map((each) => each.name));
  const what =
    effect === "starts" ? sentence : `${sentence}, which ${evicts.length === 0 ? "shrinks others" : `evicts ${whom}`}`;
  return { field, from, to, sentence: what, isSmallest, effect, evicts };
}
