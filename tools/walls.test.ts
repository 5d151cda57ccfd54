import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { placesThatSayTheyBreak } from "./checks/places-that-break.ts";
import { checkWalls, rules } from "./walls/check-walls.ts";
import { formatViolation } from "./walls/violation.ts";

const root = join(import.meta.dirname, "..");
const canaries = join(root, "test", "canary", "walls");

describe("each rule reports exactly the places of its canary tree that break it", () => {
  test.each(rules.map((rule) => rule.name))("%s", (name) => {
    const tree = join(canaries, name);
    const expected = placesThatSayTheyBreak(tree);

    const { violations } = checkWalls(tree);

    expect(expected.some((place) => place.endsWith(` ${name}`))).toBe(true);
    expect(violations.map(({ file, line, rule }) => `${file}:${line} ${rule}`).sort()).toEqual(expected);
  });
});

test("every canary tree belongs to a rule", () => {
  expect(readdirSync(canaries).sort()).toEqual(rules.map((rule) => rule.name).sort());
});

test("the house keeps its own rules", () => {
  const { violations, filesChecked, importsChecked } = checkWalls(root);

  expect(violations.filter(({ severity }) => severity === "error").map(formatViolation)).toEqual([]);
  expect(filesChecked).toBeGreaterThan(100);
  expect(importsChecked).toBeGreaterThan(filesChecked);
});

test.each(["/nope", join(root, "package.json")])(
  "what is no folder (%s) is told in a sentence, without a stack",
  (path) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "tools", "walls.ts"), path], {
      encoding: "utf8",
    });

    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`the walls checker wants the root of a source tree, found no folder at ${path}\n`);
  },
);

test("a tree without source files is refused instead of being called clean", () => {
  const empty = mkdtempSync(join(tmpdir(), "millwright-walls-"));
  try {
    expect(() => checkWalls(empty)).toThrow("found no source file");
  } finally {
    rmSync(empty, { recursive: true });
  }
});
