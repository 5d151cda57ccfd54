/** Lets so many launches go on at once; the others wait their turn. A machine that starts too much at once starts nothing. */
export class LaunchSlots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `launch` once there is a slot for it. */
  async hold<Result>(launch: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    // Whoever leaves hands its slot on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await launch();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
