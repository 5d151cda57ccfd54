import { lineOfAccelerator } from "./accelerator-line.ts";
import type { Accelerator } from "./accelerator.ts";
import type { Resolved } from "./fallback.ts";
import {
  listAccelerators,
  memoryInName,
  misspelledAccelerator,
  type SpelledAccelerator,
  spellAccelerator,
  unknownAccelerator,
} from "./find-accelerator.ts";
import { type FigureSpread, formSpread, lineSpread } from "./guessed-figures.ts";
import { lineFallback } from "./line-fallback.ts";
import type { Gigabytes } from "./quantities.ts";

/**
 * The accelerator that a question names. One that the catalog does not have is planned as its nearest relative where the name
 * says which that is: another form of a known one (`H100 PCIe 94GB`), or another number of a known line (`MI400X`).
 *
 * @param own the user's own, which come first.
 * @throws {Fault} `planning.accelerator-unknown` where nothing can be concluded, or where a known name was likely meant.
 */
export function resolveAccelerator(name: string, own: readonly Resolved<Accelerator>[] = []): Resolved<Accelerator> {
  const mine = own.map((each) => each.value);
  const spelled = spellAccelerator(name, mine);
  if (spelled !== undefined && spelled.unread.length === 0) {
    return own.find((each) => each.value === spelled.accelerator) ?? { value: spelled.accelerator };
  }
  if (misspelledAccelerator(name, mine) !== undefined) throw unknownAccelerator(name, mine);
  if (spelled !== undefined) return formOf(name, spelled);
  const line = lineOfAccelerator(name);
  if (line === undefined) throw unknownAccelerator(name, mine);
  const taken = lineFallback(name, line, listAccelerators());
  const why = `the nearest of the family ${taken.family} by its number`;
  return standIn(name, taken, memoryInName(name), why, lineSpread());
}

function formOf(name: string, { accelerator, unread, memoryGb }: SpelledAccelerator): Resolved<Accelerator> {
  const why = `which its name says but for ${unread.join(", ")}`;
  return standIn(name, accelerator, memoryGb, why, formSpread());
}

function standIn(
  asked: string,
  taken: Accelerator,
  memoryGb: number | undefined,
  why: string,
  spread: FigureSpread,
): Resolved<Accelerator> {
  const memory = memoryGb === undefined ? "" : `, with ${memoryGb} GB of memory as its name says`;
  const off = ((Math.exp(spread.rates) - 1) * 100).toFixed(0);
  const words =
    `"${asked}" is no accelerator of the catalog: it is planned as ${taken.name}${memory}, ${why}; rates guessed so were off ` +
    `by at most ${off} % for 80 % of the catalog's own; give its figures under ownAccelerators to replace the guess`;
  const value: Accelerator = {
    ...taken,
    name: asked,
    ...(memoryGb === undefined ? {} : { memoryGb: memoryGb as Gigabytes }),
    confidence: "U",
    source: `guessed from ${taken.name}`,
  };
  const reason = `"${asked}" is planned as ${taken.name}`;
  const guess = memoryGb === undefined ? { capacity: spread.memory } : {};
  const told = { of: "accelerator", asked, taken: taken.name, words, reason } as const;
  return { value, fallback: { ...told, spread: spread.rates, memory: guess } };
}
