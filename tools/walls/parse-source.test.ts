import { expect, test } from "vitest";
import { parseSource } from "./parse-source.ts";

const parse = (text: string) => parseSource("src/compute/place.ts", text, () => undefined);
const globalsOf = (text: string) => parse(text).globals.map((each) => `${each.text}:${each.line}`);

test("tells imports that run from imports of types and from lazy ones", () => {
  const { imports } = parse(
    [
      'import type { A } from "./a.ts";',
      'import { type B, c } from "./b.ts";',
      'import { type D } from "./d.ts";',
      'export type { E } from "./e.ts";',
      'export { f } from "./f.ts";',
      'const g = await import("./g.ts");',
      'type H = import("./h.ts").H;',
      'import "./i.ts";',
    ].join("\n"),
  );

  expect(imports.map(({ specifier, kind, line }) => `${line} ${kind} ${specifier}`)).toEqual([
    "1 type ./a.ts",
    "2 value ./b.ts",
    "3 value ./d.ts",
    "4 type ./e.ts",
    "5 value ./f.ts",
    "6 lazy ./g.ts",
    "8 value ./i.ts",
  ]);
});

test("sees a global wherever it runs, with the member that is read", () => {
  expect(globalsOf("const a = Date.now();\nconst b = [process['env']];\nconst c = { Date };")).toEqual([
    "Date.now:1",
    "process.env:2",
    "Date:3",
  ]);
  expect(globalsOf("const f = (x: unknown) => x as Date;\nconst g = (y = Date) => y;")).toEqual(["Date:2"]);
  expect(globalsOf("`${Math.random()}`; class A { b = performance.now() }")).toEqual([
    "Math.random:1",
    "performance.now:1",
  ]);
});

test("does not take types, keys, members and names of the file itself for globals", () => {
  expect(globalsOf("type A = Date; let b: Date | undefined; interface C { Date: typeof process }")).toEqual([]);
  expect(globalsOf("const a = { Date: 1, process() {} }; a.Date; class B { fetch = 1 }")).toEqual([]);
  expect(globalsOf("function a(fetch, { process, x: [crypto] }, ...performance) { return [fetch, process] }")).toEqual(
    [],
  );
  expect(globalsOf('import { Date } from "./date.ts"; Date.now();')).toEqual([]);
});

test("counts lines as editors do", () => {
  expect(parse("").lineCount).toBe(0);
  expect(parse("const a = 1;\n").lineCount).toBe(1);
  expect(parse("const a = 1;\n\nconst b = 2;").lineCount).toBe(3);
});

test("refuses a file that is not TypeScript, by name", () => {
  expect(() => parse("const = 1")).toThrow("src/compute/place.ts cannot be parsed");
});

test("knows a file that only passes on exports", () => {
  expect(parse('export { a } from "./a.ts";').isOnlyReexports).toBe(true);
  expect(parse('import { a } from "./a.ts"; export { a };').isOnlyReexports).toBe(true);
  expect(parse('import "./a.ts";').isOnlyReexports).toBe(false);
  expect(parse("const a = 1; export { a };").isOnlyReexports).toBe(false);
});
