import { type AcceleratorLine, lineOfAccelerator } from "./accelerator-line.ts";
import type { Accelerator } from "./accelerator.ts";
import { listAccelerators } from "./find-accelerator.ts";
import { lineFallback } from "./line-fallback.ts";

/** A share of guesses that a spread holds. */
const shareHeld = 0.8;

/** What four of five values are at most. */
export function heldBy(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(shareHeld * sorted.length) - 1)] ?? 0;
}

/** How far one accelerator's figures are from another's: the worse of arithmetic rate and memory bandwidth, as a logarithm. */
function figuresApart(one: Accelerator, other: Accelerator): number {
  return Math.max(
    Math.abs(Math.log(one.bf16Tflops / other.bf16Tflops)),
    Math.abs(Math.log(one.memoryGbPerSecond / other.memoryGbPerSecond)),
  );
}

/** How wrong guessed figures are, as logarithms. */
export interface FigureSpread {
  readonly rates: number;
  readonly memory: number;
}

/** An accelerator, and the one that it would be guessed from. */
type Guess = readonly [Accelerator, Accelerator];

function spreadOf(guesses: readonly Guess[]): FigureSpread {
  return {
    rates: heldBy(guesses.map(([each, other]) => figuresApart(each, other))),
    memory: heldBy(guesses.map(([each, other]) => Math.abs(Math.log(each.memoryGb / other.memoryGb)))),
  };
}

let ofLines: FigureSpread | undefined;
let ofForms: FigureSpread | undefined;

/**
 * How wrong figures are that are guessed from a product line: every accelerator of the catalog guessed so from the others, those
 * with its number left out with it; four of five were off by at most so much, as a logarithm.
 */
export function lineSpread(): FigureSpread {
  ofLines ??= spreadOf(
    listAccelerators().flatMap((each): readonly Guess[] => {
      const line = lineOfAccelerator(each.name);
      const others = listAccelerators().filter((other) => !isSameProduct(line, other) && other.family === line?.family);
      return line === undefined || others.length === 0 ? [] : [[each, lineFallback(each.name, line, others)]];
    }),
  );
  return ofLines;
}

function isSameProduct(line: AcceleratorLine | undefined, other: Accelerator): boolean {
  const own = lineOfAccelerator(other.name);
  return own !== undefined && own.family === line?.family && own.number === line.number;
}

/** The same for an unknown form of a known accelerator: each form of the catalog guessed from the first other with its number. */
export function formSpread(): FigureSpread {
  ofForms ??= spreadOf(
    listAccelerators().flatMap((each): readonly Guess[] => {
      const line = lineOfAccelerator(each.name);
      const other = listAccelerators().find((one) => one !== each && isSameProduct(line, one));
      return other === undefined ? [] : [[each, other]];
    }),
  );
  return ofForms;
}
