import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** How much of a log's end is looked at, and how much of the line is kept. */
const tailBytes = 8192;
const lineLengthMax = 600;

/** The last line of a log that says something, secrets masked; empty when there is none. */
export function readLastLine(path: string, secrets: readonly string[]): string {
  const text = secrets.reduce(
    (masked, secret) => (secret === "" ? masked : masked.replaceAll(secret, "***")),
    readTail(path),
  );
  const line = text.split(/[\r\n]/).findLast((each) => each.trim() !== "");
  return (line ?? "").trim().slice(0, lineLengthMax);
}

function readTail(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // It wrote nothing.
    return "";
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(tailBytes, size));
    const count = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString("utf8", 0, count);
  } finally {
    closeSync(file);
  }
}
