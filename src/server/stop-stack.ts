import type { Log } from "../platform/ports.ts";

/** How long one step may take before the next one is stopped all the same. */
const stepMs = 9_000;

interface Step {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

/** Remembers how to stop what was started, and does so in reverse; one failing step does not keep the others. */
export class StopStack {
  readonly #steps: Step[] = [];
  readonly #log: Log;
  #stopped: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  push(name: string, stop: () => Promise<void>): void {
    this.#steps.push({ name, stop });
  }

  /** Resolves when all is stopped; a second call waits for the first. */
  stopAll(): Promise<void> {
    this.#stopped ??= this.#unwind();
    return this.#stopped;
  }

  async #unwind(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not stopped within ${stepMs} ms`)), stepMs);
      });
      try {
        await Promise.race([step.stop(), timeout]);
      } catch (error) {
        this.#log.error("a part did not stop", { part: step.name, error: String(error) });
      } finally {
        clearTimeout(timer);
      }
    }
  }
}
