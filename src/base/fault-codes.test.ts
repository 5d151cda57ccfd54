import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodeOf } from "../cli/exit-code.ts";
import { httpStatusOfKind } from "../platform/http-status.ts";
import { faultKinds } from "./fault-codes.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/faults.md"), "utf8");
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("docs/faults.md lists exactly the codes of the table, in their order", () => {
  expect(rows.map(([code]) => code)).toEqual(Object.keys(faultKinds).map((code) => `\`${code}\``));
});

test("each line of docs/faults.md has the code's true kind, HTTP status and exit code, and says when and what to do", () => {
  for (const [code = "", kind, status, exitCode, when, what] of rows) {
    const trueKind = faultKinds[code.replaceAll("`", "") as keyof typeof faultKinds];

    expect([code, kind, status, exitCode]).toEqual([
      code,
      trueKind,
      String(httpStatusOfKind[trueKind]),
      String(exitCodeOf(trueKind)),
    ]);
    expect(`${code} ${when}`.length).toBeGreaterThan(code.length + 10);
    expect(`${code} ${what}`.length).toBeGreaterThan(code.length + 5);
  }
});

test("codes are `room.what-happened`, sorted", () => {
  const codes = Object.keys(faultKinds);

  expect(codes).toEqual([...codes].sort());
  for (const code of codes) expect(code).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/);
});
