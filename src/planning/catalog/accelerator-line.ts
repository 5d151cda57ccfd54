import type { AcceleratorFamily } from "./accelerator.ts";

/** How vendors name the products of a line; lower case, words apart by one space. */
const lines: readonly (readonly [pattern: RegExp, family: AcceleratorFamily])[] = [
  [/\brtx pro \d{4}\b/, "blackwell-rtx"],
  [/\brtx \d000 ada\b/, "ada"],
  [/\brtx 50\d0\b/, "blackwell-rtx"],
  [/\brtx 40\d0\b/, "ada"],
  [/\brtx a\d000\b/, "ampere"],
  [/\brtx 30\d0\b/, "ampere"],
  [/\bg?h(?:[1-9]00|20)\b/, "hopper"],
  [/\bg?b[1-9]00\b/, "blackwell"],
  [/\ba(?:[1-9]00|[1-9]0|16|2)\b/, "ampere"],
  [/\bl(?:[1-9]0)s?\b/, "ada"],
  [/\bmi ?[1-9]\d\d[ax]?\b/, "cdna"],
  [/\bgaudi ?\d\b/, "gaudi"],
  [/\btpu ?v\d[a-z]?\b/, "tpu"],
  [/\btrainium ?\d?\b/, "trainium"],
];

/** A line of products that a name belongs to: its family, and the letters and the number by which its members are told apart. */
export interface AcceleratorLine {
  readonly family: AcceleratorFamily;
  readonly letters: string;
  readonly number: number;
}

/** The line that a name clearly belongs to; undefined where nothing can be concluded from it. */
export function lineOfAccelerator(name: string): AcceleratorLine | undefined {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ")
    .trim();
  for (const [pattern, family] of lines) {
    const found = pattern.exec(words)?.[0];
    if (found === undefined) continue;
    const [, letters = "", digits = "1"] = /^(\D*)(\d+)?/.exec(found) ?? [];
    return { family, letters: letters.trim(), number: Math.max(1, Number(digits)) };
  }
  return undefined;
}
