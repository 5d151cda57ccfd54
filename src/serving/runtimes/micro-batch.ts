/** Rows that one run of a model may hold. */
export const maxBatchRows = 1024;

/** One caller's rows; every array of `inputs` holds the same number of rows. */
export interface RowBlock<Input> {
  readonly rows: number;
  readonly input: Input;
}

interface Waiting<Input, Output> extends RowBlock<Input> {
  readonly resolve: (output: Output) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the rows of concurrent callers into one run and gives each caller its own rows back.
 *
 * A run starts at once when none is under way; rows that come meanwhile make up the next run, so the batch grows
 * with the load and nobody waits for a timer. When a run of several callers fails, each is run alone, so that one
 * caller's rows cannot fail another's.
 */
export class MicroBatcher<Input, Output> {
  readonly #run: (blocks: readonly RowBlock<Input>[]) => Promise<readonly Output[]>;
  readonly #maxRows: number;
  readonly #waiting: Waiting<Input, Output>[] = [];
  #isRunning = false;

  /** @param run answers with one output per block, in order. */
  constructor(run: (blocks: readonly RowBlock<Input>[]) => Promise<readonly Output[]>, maxRows = maxBatchRows) {
    this.#run = run;
    this.#maxRows = maxRows;
  }

  /** Rows that wait for the next run. */
  get waitingRows(): number {
    return this.#waiting.reduce((sum, each) => sum + each.rows, 0);
  }

  /** Runs the rows, alone or with others'. Rejects with what the run threw. */
  submit(block: RowBlock<Input>): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...block, resolve, reject });
      if (!this.#isRunning) this.#drain().catch(reject);
    });
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#runTogether(this.#take());
    this.#isRunning = false;
  }

  #take(): readonly Waiting<Input, Output>[] {
    let rows = 0;
    let count = 0;
    for (const each of this.#waiting) {
      if (count > 0 && rows + each.rows > this.#maxRows) break;
      rows += each.rows;
      count += 1;
    }
    return this.#waiting.splice(0, count);
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
