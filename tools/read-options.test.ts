import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { expect, test } from "vitest";
import { describeWrongUse } from "./read-options.ts";

const options = { json: { type: "string" }, keep: { type: "boolean" } } as const;

test.each([
  [["--json"], /^--json wants a value and found none; write --json VALUE/],
  [["--json", "--keep"], /^--json wants a value and found none/],
  [["--keep=yes"], /^--keep wants no value and found one/],
  [["--jsn", "x"], /^wanted one of --json, --keep, found --jsn/],
  [["file.json"], /^wanted options only \(--json, --keep\), found "file.json"/],
])("the words %j are refused with what was wanted, found and what to do", (args, sentence) => {
  const refuse = (): unknown => {
    try {
      return parseArgs({ options, args });
    } catch (error) {
      return describeWrongUse(error, options);
    }
  };

  expect(refuse()).toMatch(sentence);
});

test("another error is left alone", () => {
  expect(describeWrongUse(new TypeError("something else"), options)).toBeUndefined();
});

test("a program that is called wrongly ends with code 2, a sentence and its usage, and without a stack", () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, ["examples/flights/demo.ts", "--json"], {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8",
  });

  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(/^--json wants a value and found none.*\n\nUsage: npm run demo/);
  expect(stderr).not.toMatch(/ at .*:\d+:\d+/);
});
