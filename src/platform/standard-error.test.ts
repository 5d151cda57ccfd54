import { expect, test } from "vitest";
import { survivingLines } from "./standard-error.ts";

/** A disk with room for so many bytes. */
function disk(): { room: number; text: string; write(bytes: Uint8Array): number } {
  return {
    room: 0,
    text: "",
    write(bytes) {
      if (this.room === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      const written = Math.min(this.room, bytes.byteLength);
      this.room -= written;
      this.text += Buffer.from(bytes.subarray(0, written)).toString();
      return written;
    },
  };
}

test("lines that find no room are lost, and the next one that finds some is told after how many", () => {
  const full = disk();
  const write = survivingLines((bytes) => full.write(bytes));
  for (const line of ["one\n", "two\n"]) write(line);
  full.room = 1_000;
  for (const line of ["three\n", "four\n"]) write(line);

  expect(full.text).toBe('{"level":"warn","message":"lines of this log were lost","lost":2}\nthree\nfour\n');
});

test("a line that was cut off by the end of the disk is ended before the next one", () => {
  const full = disk();
  const write = survivingLines((bytes) => full.write(bytes));
  full.room = 6;
  for (const line of ["one\n", "two\n"]) write(line);
  full.room = 1_000;
  write("three\n");

  expect(full.text).toBe('one\ntw\n{"level":"warn","message":"lines of this log were lost","lost":1}\nthree\n');
});
