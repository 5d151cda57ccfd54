import { Fault } from "../../base/fault.ts";

/** Runs so many pieces of work at once; some more wait in line, and what is beyond is refused. */
export class FewAtOnce {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(atOnceMax: number, waitingMax: number) {
    this.#atOnceMax = atOnceMax;
    this.#waitingMax = waitingMax;
  }

  /** @throws {Fault} `serving.overloaded` when too many wait. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#underWay >= this.#atOnceMax) {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new Fault(
          "serving.overloaded",
          `more keys are unknown here than can be checked at once, and ${this.#waitingMax} wait; try again in a second`,
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }
}
