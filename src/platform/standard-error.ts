import { fstatSync, writeSync } from "node:fs";

const standardError = 2;

/**
 * Makes what a log writes its lines with: to standard error, and outliving what is behind it.
 *
 * A program whose log finds no room on its disk, or whose reader went away, goes on: such lines are lost, and how many is told
 * before the next one that finds room. (A stream of Node's own reports the first of them as an error that nobody handles, which ends the
 * program, and writes nothing afterwards.)
 */
export function standardErrorLines(): (line: string) => void {
  const kind = fstatSync(standardError);
  if (!kind.isFIFO() && !kind.isSocket()) return survivingLines((bytes) => writeSync(standardError, bytes));
  // A pipe may be full for a moment, for which only the stream waits.
  process.stderr.on("error", () => undefined);
  return (line) => void process.stderr.write(line);
}

/**
 * Writes lines by something that may fail, and tells how many were lost once it no longer does.
 *
 * @param write writes some of the bytes at least and answers how many, or throws.
 */
export function survivingLines(write: (bytes: Uint8Array) => number): (line: string) => void {
  let lost = 0;
  let isTorn = false;
  const writeWhole = (text: string): boolean => {
    let rest: Uint8Array = Buffer.from(isTorn ? `\n${text}` : text);
    try {
      while (rest.byteLength > 0) {
        const written = write(rest);
        if (written === 0) return false;
        isTorn = written < rest.byteLength;
        rest = rest.subarray(written);
      }
    } catch {
      return false;
    }
    return true;
  };
  return (line) => {
    const told =
      lost === 0 || writeWhole(`${JSON.stringify({ level: "warn", message: "lines of this log were lost", lost })}\n`);
    if (told) lost = 0;
    if (!told || !writeWhole(line)) lost += 1;
  };
}
