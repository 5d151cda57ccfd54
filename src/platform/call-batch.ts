import { setImmediate } from "node:timers/promises";

interface Pending<Input, Outcome> {
  readonly input: Input;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers calls into one: what arrives while a batch is on its way goes out together in the next one, so that many
 * callers share the cost of a round trip or a commit, and a lone one waits for nothing.
 */
export class CallBatch<Input, Outcome> {
  readonly #send: (inputs: readonly Input[]) => Promise<readonly Outcome[]>;
  readonly #most: number;
  #pending: Pending<Input, Outcome>[] = [];
  #isSending = false;

  /**
   * @param most inputs of one batch.
   * @param send answers with one outcome for each input, in order; when it throws, every caller of the batch is told.
   */
  constructor(most: number, send: (inputs: readonly Input[]) => Promise<readonly Outcome[]>) {
    this.#most = most;
    this.#send = send;
  }

  call(input: Input): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ input, resolve, reject });
      if (!this.#isSending) this.#drain().catch(reject);
    });
  }

  async #drain(): Promise<void> {
    this.#isSending = true;
    while (this.#pending.length > 0) {
      // Whoever is about to call in this turn of the event loop shares the batch.
      await setImmediate();
      const batch = this.#pending.slice(0, this.#most);
      this.#pending = this.#pending.slice(this.#most);
      try {
        const outcomes = await this.#send(batch.map((each) => each.input));
        batch.forEach(({ resolve, reject }, index) => {
          const outcome = outcomes[index];
          if (outcome === undefined) reject(new Error(`a batch of ${batch.length} has no outcome ${index}`));
          else resolve(outcome);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isSending = false;
  }
}
