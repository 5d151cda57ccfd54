import { once } from "node:events";
import { createInterface } from "node:readline";
import picocolors from "picocolors";
import type { Paint } from "./table.ts";
import type { Tone } from "./tone.ts";

/** Where a command speaks: data to standard output, talk to standard error. */
export interface Terminal {
  /** Writes one line of data. */
  print(line: string): void;
  /** Writes one line of talk; silent under `--quiet`. */
  say(line: string): void;
  /** Writes one line of failure, whatever the flags. */
  complain(line: string): void;
  /** Writes data as it is and waits while the reader is slow. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Goes back over the last `lines` lines of data, so that a table can be drawn again in place. */
  eraseLines(lines: number): void;
  readonly paint: Paint;
  /** Columns of standard output; `Infinity` when it is no terminal. */
  readonly width: number;
  /** Rows of standard output; `Infinity` when it is no terminal. */
  readonly height: number;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  /** Asks a yes-or-no question; anything but yes is no. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
  /** All of standard input as text. */
  readInput(): Promise<string>;
}

/** How colours and talk are chosen; undefined colours: by the terminal. */
export interface TerminalOptions {
  readonly isColored: boolean | undefined;
  readonly isQuiet: boolean;
}

/** The size of a terminal that does not tell its own. */
const usualColumns = 80;
const usualRows = 24;

/** The terminal of this process. */
export function processTerminal(options: TerminalOptions): Terminal {
  const stdout = process.stdout;
  const stderr = process.stderr;
  const stdin = process.stdin;
  const isTerminal = stdout.isTTY === true;
  return {
    print: (line) => void stdout.write(`${line}\n`),
    say: (line) => void (options.isQuiet || stderr.write(`${line}\n`)),
    complain: (line) => void stderr.write(`${line}\n`),
    async write(chunk) {
      if (!stdout.write(chunk)) await once(stdout, "drain");
    },
    eraseLines: (lines) => void (lines > 0 && stdout.write(`\u001b[${lines}F\u001b[0J`)),
    paint: makePaint(options.isColored ?? isTerminal),
    width: isTerminal ? stdout.columns || usualColumns : Number.POSITIVE_INFINITY,
    height: isTerminal ? stdout.rows || usualRows : Number.POSITIVE_INFINITY,
    isTerminal,
    canAsk: stdin.isTTY === true && stderr.isTTY === true,
    confirm: (question, signal) => confirmOnTerminal(question, signal),
    async readInput() {
      let text = "";
      stdin.setEncoding("utf8");
      for await (const chunk of stdin) text += String(chunk);
      return text;
    },
  };
}

/** Colours by tone, or text as it is. Exported for tests of what is drawn. */
export function makePaint(isColored: boolean): Paint {
  const colors = picocolors.createColors(isColored);
  const painters: Readonly<Record<Tone, (text: string) => string>> = {
    plain: (text) => text,
    dim: colors.dim,
    title: colors.bold,
    heading: colors.dim,
    good: colors.green,
    busy: colors.cyan,
    waiting: colors.yellow,
    bad: colors.red,
  };
  return (text, tone) => painters[tone](text);
}

async function confirmOnTerminal(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<boolean>((resolve) => {
      lines.question(`${question} [y/N] `, { signal }, (answer) => resolve(/^y(es)?$/i.test(answer.trim())));
      lines.once("close", () => resolve(false));
    });
  } finally {
    lines.close();
  }
}
