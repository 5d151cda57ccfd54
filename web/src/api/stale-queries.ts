/** What one kind of query needs beyond "ask again at once". */
export interface QueryPace {
  /** Asked again at most so often, however many events tell of it. Milliseconds. */
  readonly gapMs: number;
  /** Asked once more so long after the last event: what the event led to was not logged itself. Null: not. */
  readonly settleMs: number | null;
}

/** Events within this span make one round of queries. */
const gatherMs = 300;
const usual: QueryPace = { gapMs: gatherMs, settleMs: null };

/** The world is put together for these, and a pass of the scheduler plans starts without an event of its own. */
const paces: Readonly<Record<string, QueryPace>> = {
  schedule: { gapMs: 2_000, settleMs: 2_000 },
  "quota-use": { gapMs: 2_000, settleMs: null },
  explanation: { gapMs: 5_000, settleMs: null },
};

/** Which queries are to be asked again, and when: gathers what events tell, each kind of query at its own pace. */
export class StaleQueries {
  readonly #dueAt = new Map<string, number>();
  readonly #askedAt = new Map<string, number>();

  /** Notes that an event made these stale. */
  note(names: readonly string[], now: number): void {
    for (const name of names) {
      const { gapMs, settleMs } = paces[name] ?? usual;
      const askedAt = this.#askedAt.get(name) ?? Number.NEGATIVE_INFINITY;
      this.#due(name, Math.max(now + gatherMs, askedAt + gapMs));
      if (settleMs !== null) this.#due(`${name} settled`, now + settleMs, true);
    }
  }

  #due(key: string, at: number, isLater = false): void {
    const known = this.#dueAt.get(key);
    if (known === undefined || isLater) this.#dueAt.set(key, at);
  }

  /** When the next are due; null: none is. */
  get nextAt(): number | null {
    return this.#dueAt.size === 0 ? null : Math.min(...this.#dueAt.values());
  }

  /** Takes those that are due by now. */
  take(now: number): readonly string[] {
    const due = [...this.#dueAt].filter(([, at]) => at <= now).map(([key]) => key);
    for (const key of due) this.#dueAt.delete(key);
    const names = [...new Set(due.map((key) => key.replace(/ settled$/, "")))];
    for (const name of names) this.#askedAt.set(name, now);
    return names;
  }
}
