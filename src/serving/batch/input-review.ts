import { type BatchLine, BatchLineReader, isProblem } from "./batch-line.ts";
import { type LineProblem, maxBatchLines, maxProblemsTold } from "./batch-model.ts";
import type { FileLine } from "./ports.ts";

/** Goes through a batch's input line by line: gathers its requests, and what is wrong with it. */
export class InputReview {
  readonly #reader: BatchLineReader;
  readonly #lines: BatchLine[] = [];
  readonly #told: LineProblem[] = [];
  #untold = 0;

  constructor(endpoint: string) {
    this.#reader = new BatchLineReader(endpoint);
  }

  /** @returns whether to read on. */
  take({ text, offset, length }: FileLine): boolean {
    const read = this.#reader.read(text, offset, length);
    if (read === null) return true;
    if (isProblem(read)) {
      this.#tell(read);
      return true;
    }
    this.#lines.push(read);
    if (this.#lines.length <= maxBatchLines) return true;
    this.#tell(ofFile("too_many_lines", `a batch may have ${maxBatchLines} requests; send the rest in another one`));
    return false;
  }

  /** The requests, in the order of the file. */
  get lines(): readonly BatchLine[] {
    return this.#lines;
  }

  /** What is wrong: each with its line, the first ones told and the rest counted. */
  get problems(): readonly LineProblem[] {
    if (this.#told.length === 0 && this.#lines.length === 0) {
      return [ofFile("empty_file", "a batch wants at least one request, found none")];
    }
    if (this.#untold === 0) return this.#told;
    return [...this.#told, ofFile("more_problems", `${this.#untold} more lines have problems`)];
  }

  #tell(problem: LineProblem): void {
    if (this.#told.length < maxProblemsTold) this.#told.push(problem);
    else this.#untold += 1;
  }
}

/** A problem of the whole file. */
export function ofFile(code: string, message: string): LineProblem {
  return { line: null, code, message, param: null };
}
