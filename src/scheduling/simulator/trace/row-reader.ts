import { type Bytes, parseSize, sizePattern } from "../../../base/units.ts";
import type { CsvRow } from "./csv-table.ts";
import type { TraceProblems } from "./trace-problems.ts";

/** What a number in a cell may be. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  /** What an empty cell means; left out: a cell must not be empty. */
  readonly ifEmpty?: number;
  readonly isWhole?: boolean;
}

/** Reads the cells of one row; what is wrong goes to the problems, and something harmless is answered. */
export class RowReader {
  readonly #row: CsvRow;
  readonly #problems: TraceProblems;

  constructor(row: CsvRow, problems: TraceProblems) {
    this.#row = row;
    this.#problems = problems;
  }

  /** The text of a cell; empty when it is left out. */
  text(column: string): string {
    return this.#row.cell(column);
  }

  isEmpty(column: string): boolean {
    return this.text(column) === "";
  }

  /** Text that must be there. */
  name(column: string): string {
    const text = this.text(column);
    if (text === "") this.refuse(column, "wanted text, found nothing");
    return text;
  }

  number(column: string, range: NumberRange): number {
    const text = this.text(column);
    if (text === "" && range.ifEmpty !== undefined) return range.ifEmpty;
    const value = text === "" ? Number.NaN : Number(text);
    const isFine =
      Number.isFinite(value) &&
      value >= range.min &&
      value <= range.max &&
      (range.isWhole !== true || Number.isInteger(value));
    if (isFine) return value;
    const kind = range.isWhole === true ? "a whole number" : "a number";
    this.refuse(column, `wanted ${kind} from ${range.min} to ${range.max}, found "${text}"`);
    return range.min;
  }

  /** Milliseconds of a cell in seconds. */
  seconds(column: string, range: NumberRange): number {
    return Math.round(this.number(column, range) * 1000);
  }

  /** Milliseconds of a cell in seconds, or null when it is empty. */
  secondsOrNull(column: string, range: Omit<NumberRange, "ifEmpty">): number | null {
    return this.isEmpty(column) ? null : this.seconds(column, range);
  }

  /** Bytes of a cell such as `64GB`; empty is 0. */
  size(column: string): Bytes {
    const text = this.text(column);
    if (text === "") return 0;
    if (sizePattern.test(text)) return parseSize(text);
    this.refuse(column, `wanted a size such as 64GB, found "${text}"`);
    return 0;
  }

  /** Words with `|` between them. */
  words(column: string): readonly string[] {
    return this.text(column)
      .split("|")
      .map((word) => word.trim())
      .filter((word) => word !== "");
  }

  /** One of the given words. */
  choice<Word extends string>(column: string, words: readonly Word[], ifEmpty: Word): Word {
    const text = this.text(column);
    if (text === "") return ifEmpty;
    const found = words.find((word) => word === text);
    if (found === undefined) this.refuse(column, `wanted one of ${words.join(", ")}, found "${text}"`);
    return found ?? ifEmpty;
  }

  /** Notes that a cell is wrong. */
  refuse(column: string, message: string): void {
    this.#problems.add(this.#row.line, column, message);
  }
}
