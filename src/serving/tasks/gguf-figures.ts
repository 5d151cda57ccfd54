import type { EngineFigures } from "../runtimes/engine-metrics.ts";

type Totals = Pick<
  EngineFigures,
  "promptTokens" | "cachedTokens" | "generatedTokens" | "promptSeconds" | "generationSeconds"
>;

/** Counts what a model did since its replica started. */
export class GgufFigures {
  readonly #totals = { promptTokens: 0, cachedTokens: 0, generatedTokens: 0, promptSeconds: 0, generationSeconds: 0 };
  readonly #ended = { stop: 0, length: 0, abort: 0, error: 0 };

  get totals(): Totals & Pick<EngineFigures, "ended"> {
    return { ...this.#totals, ended: { ...this.#ended } };
  }

  countPrompt(tokens: number, cached: number): void {
    this.#totals.promptTokens += tokens;
    this.#totals.cachedTokens += cached;
  }

  /** Moments in milliseconds: when the prompt began to be processed, the first token came, the last one came. */
  countGeneration(tokens: number, startedMs: number, firstMs: number, lastMs: number): void {
    this.#totals.generatedTokens += tokens;
    this.#totals.promptSeconds += (firstMs - startedMs) / 1000;
    this.#totals.generationSeconds += (lastMs - firstMs) / 1000;
  }

  end(how: keyof EngineFigures["ended"]): void {
    this.#ended[how] += 1;
  }
}
