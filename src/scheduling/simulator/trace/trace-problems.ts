import { Fault } from "../../../base/fault.ts";

/** Problems beyond this are counted, not shown. */
const problemsShown = 10;

/** Collects what is wrong with a trace, so that one reading tells it all. */
export class TraceProblems {
  readonly #shown: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Notes a problem at a row (its line in the file) and a column; null: the row as a whole. */
  add(row: number, column: string | null, message: string): void {
    this.#count += 1;
    if (this.#shown.length >= problemsShown) return;
    this.#shown.push(`row ${row}${column === null ? "" : `, column ${column}`}: ${message}`);
  }

  /** @throws {Fault} `scheduling.trace-invalid` with the first ten problems and the count of the others. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const rest = this.#count - this.#shown.length;
    const lines = rest > 0 ? [...this.#shown, `... and ${rest} more`] : this.#shown;
    throw new Fault("scheduling.trace-invalid", `the trace is not as its format wants it:\n${lines.join("\n")}`, {
      details: { problems: this.#shown, count: this.#count },
    });
  }
}
