/** How much of a build's output a person is shown. */
const tailLines = 12;

/** What tells in the output of uv or pip which package is at fault; the first group names it. */
const packagePatterns: readonly RegExp[] = [
  /Because (?:there (?:is|are) no versions? of |only )?([A-Za-z0-9._-]+(?:\[[^\]]*\])?(?:[=<>~!]=?[^\s,]+)?)[\s\S]{0,80}?(?:was not found|is available|and you require|we can conclude)/,
  /Failed to (?:build|download|prepare|fetch|resolve)[^`\n]*`([^`]+)`/i,
  /No matching distribution found for ([^\s(]+)/,
  /Could not find a version that satisfies the requirement ([^\s(]+)/,
  /Failed building wheel for ([^\s]+)/,
  /Failed to parse: `([^`]+)`/i,
  /Couldn't parse requirement[^`]*`([^`]+)`/i,
  /Invalid requirement: '([^']+)'/,
];

/** The package that a failed build stumbled over, or null when the output does not tell. */
export function findFailedPackage(output: string, requirements: readonly string[]): string | null {
  for (const pattern of packagePatterns) {
    const found = pattern.exec(output)?.[1];
    if (found !== undefined) return found;
  }
  return requirements.find((requirement) => output.includes(requirement)) ?? null;
}

/** The last lines of a build's output, for the message of the failure. */
export function tailOf(output: string): string {
  return output.trimEnd().split("\n").slice(-tailLines).join("\n");
}

/** Puts a line of uv's or pip's output into a few words about progress; null for lines that tell none. */
export function toProgress(line: string): string | null {
  const text = line.trim();
  if (/^(?:Resolved|Prepared|Installed|Downloading|Downloaded|Building|Built|Collecting|Installing)\b/.test(text)) {
    return `building Python environment: ${text.slice(0, 120)}`;
  }
  return null;
}
