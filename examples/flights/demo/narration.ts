import pc from "picocolors";
import { formatDuration } from "../../../src/base/units.ts";

/** What a stage measured, shown in the last table and written to the JSON file. */
export type Figures = Readonly<Record<string, number | string | boolean | null | readonly number[]>>;

/** A stage that is over. */
export interface StageResult extends Record<string, unknown> {
  readonly name: string;
  readonly seconds: number;
}

const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const redrawMs = 120;

/**
 * Tells what happens, stage by stage: a heading, lines that stay, one line of progress that is redrawn on a terminal
 * (and printed only when it changes much elsewhere), and the time a stage took.
 */
export class Narration {
  readonly stages: StageResult[] = [];
  readonly #isTerminal = process.stdout.isTTY === true;
  #progress = "";
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Runs one stage and keeps its figures. */
  async stage<Answer>(
    name: string,
    title: string,
    work: () => Promise<{ readonly figures: Figures; readonly answer: Answer }>,
  ): Promise<Answer> {
    const number = this.stages.length + 1;
    process.stdout.write(`\n${pc.bold(`${number}. ${title}`)}\n`);
    const start = performance.now();
    this.#startDrawing();
    try {
      const { figures, answer } = await work();
      const seconds = Math.round((performance.now() - start) / 10) / 100;
      this.stages.push({ name, seconds, ...figures });
      this.#stopDrawing();
      process.stdout.write(`   ${pc.green("done")} in ${formatDuration(seconds * 1000)}\n`);
      return answer;
    } finally {
      this.#stopDrawing();
    }
  }

  /** A line that stays. */
  say(text: string): void {
    this.#clear();
    process.stdout.write(`   ${text}\n`);
  }

  /** What is going on right now; replaces what was said before. */
  progress(text: string): void {
    if (!this.#isTerminal && phaseOf(text) !== phaseOf(this.#progress))
      process.stdout.write(`   ${pc.dim(`… ${text}`)}\n`);
    this.#progress = text;
  }

  #startDrawing(): void {
    this.#progress = "";
    if (!this.#isTerminal) return;
    this.#timer = setInterval(() => {
      if (this.#progress === "") return;
      this.#frame = (this.#frame + 1) % spinner.length;
      const width = (process.stdout.columns ?? 80) - 6;
      process.stdout.write(`\r\x1b[2K   ${pc.cyan(spinner[this.#frame] ?? "")} ${this.#progress.slice(0, width)}`);
    }, redrawMs);
  }

  #stopDrawing(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
  }

  #clear(): void {
    if (this.#isTerminal) process.stdout.write("\r\x1b[2K");
  }
}

/** Progress without its numbers: a log that is no terminal gets a line only when this changes. */
function phaseOf(text: string): string {
  return text.replaceAll(/[\d.,%/:]+/g, "#");
}

/** A table without boxes: headings, then rows; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isNumeric = headings.map((_, column) => rows.every((row) => /^[-\d.,%±smh]*$/.test(row[column] ?? "")));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [pc.dim(line(headings.map((heading) => heading.toUpperCase()))), ...rows.map(line)]
    .map((text) => `   ${text}`)
    .join("\n");
}
