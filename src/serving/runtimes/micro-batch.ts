import { Fault } from "../../base/fault.ts";

/** Rows that one run of a model may hold, unless it was told otherwise. */
export const maxBatchRows = 1024;

/** Rows that may wait for a run. */
export const maxWaitingRows = 65_536;

/** One caller's rows; every array of `input` holds the same number of rows. */
export interface RowBlock<Input> {
  readonly rows: number;
  readonly input: Input;
  /** Only blocks with the same key can share a run; absent: with all others that have none. */
  readonly key?: string;
}

/** How runs are put together. */
export interface BatchOptions {
  /** Rows that one run may hold; a single block may hold more. */
  readonly maxRows?: number;
  /** Waits for more rows before a run that is not full; absent: nobody ever waits for others. */
  readonly pause?: (() => Promise<void>) | null;
}

interface Waiting<Input, Output> extends RowBlock<Input> {
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the rows of concurrent callers into one run and gives each caller its own rows back.
 *
 * A run starts when none is under way; rows that come meanwhile make up the next run, so the batch grows with the load and, unless
 * `pause` says so, nobody waits for a timer. When a run of several callers fails, each is run alone, so that one caller's rows
 * cannot fail another's.
 */
export class MicroBatcher<Input, Output> {
  readonly #run: (blocks: readonly RowBlock<Input>[]) => Promise<readonly Output[]>;
  readonly #maxRows: number;
  readonly #pause: (() => Promise<void>) | null;
  readonly #waiting: Waiting<Input, Output>[] = [];
  #waitingRows = 0;
  #isRunning = false;

  /** @param run answers with one output per block, in order. */
  constructor(run: (blocks: readonly RowBlock<Input>[]) => Promise<readonly Output[]>, options: BatchOptions = {}) {
    this.#run = run;
    this.#maxRows = options.maxRows ?? maxBatchRows;
    this.#pause = options.pause ?? null;
  }

  /** Rows that wait for a run. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /**
   * Runs the rows, alone or with others'. Rejects with what the run threw.
   *
   * @throws {Fault} `serving.overloaded` when too many rows wait already.
   */
  submit(block: RowBlock<Input>): Promise<Output> {
    if (this.#waitingRows > 0 && this.#waitingRows + block.rows > maxWaitingRows) {
      return Promise.reject(
        new Fault(
          "serving.overloaded",
          `${this.#waitingRows} rows wait for the model, of at most ${maxWaitingRows}; try again in a moment`,
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...block, resolve, reject });
      this.#waitingRows += block.rows;
      if (!this.#isRunning) this.#drain().catch(reject);
    });
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      if (this.#pause !== null && this.#waitingRows < this.#maxRows) await this.#pause();
      await this.#runTogether(this.#take());
    }
    this.#isRunning = false;
  }

  /** Takes the longest waiting block, and others with its key while there is room, in order. */
  #take(): readonly Waiting<Input, Output>[] {
    const [first] = this.#waiting;
    const taken: Waiting<Input, Output>[] = [];
    let rows = 0;
    let isFull = false;
    const left = this.#waiting.filter((each) => {
      isFull ||= taken.length > 0 && each.key === first?.key && rows + each.rows > this.#maxRows;
      if (isFull || each.key !== first?.key) return true;
      taken.push(each);
      rows += each.rows;
      return false;
    });
    this.#waiting.splice(0, this.#waiting.length, ...left);
    this.#waitingRows -= rows;
    return taken;
  }

  async #runTogether(callers: readonly Waiting<Input, Output>[]): Promise<void> {
    try {
      const outputs = await this.#run(callers);
      callers.forEach((caller, index) => caller.resolve(outputs[index] as Output));
    } catch (error) {
      const [only] = callers;
      if (callers.length === 1) only?.reject(error);
      else for (const caller of callers) await this.#runTogether([caller]);
    }
  }
}
