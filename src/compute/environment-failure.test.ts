import { describe, expect, test } from "vitest";
import { findFailedPackage, tailOf, toProgress } from "./environment-failure.ts";

describe("the output of a failed build", () => {
  test.each([
    [
      "uv: unknown package",
      "  × No solution found when resolving dependencies:\n  ╰─▶ Because no-such-package was not found in the package registry and you require no-such-package, we can conclude",
      "no-such-package",
    ],
    [
      "uv: unknown version",
      "  × No solution found when resolving dependencies:\n  ╰─▶ Because there is no version of six==99.0 and you require six==99.0, we can conclude",
      "six==99.0",
    ],
    [
      "uv: build error",
      "  × Failed to build `mysqlclient==2.2.4`\n  ├─▶ The build backend returned an error",
      "mysqlclient==2.2.4",
    ],
    [
      "pip: unknown package",
      "ERROR: Could not find a version that satisfies the requirement nope==1.0 (from versions: none)\nERROR: No matching distribution found for nope==1.0",
      "nope==1.0",
    ],
    ["pip: build error", "  ERROR: Failed building wheel for lxml\nFailed to build lxml", "lxml"],
  ])("names the package (%s)", (_, output, failed) => {
    expect(findFailedPackage(output, ["six"])).toBe(failed);
  });

  test("names no package when it tells none", () => {
    expect(findFailedPackage("the network is down", ["six"])).toBeNull();
  });

  test("is shown by its end", () => {
    expect(tailOf(`${Array.from({ length: 50 }, (_, line) => `line ${line}`).join("\n")}\n`).split("\n")).toHaveLength(
      12,
    );
  });
});

test("tells progress by the lines that say something about it", () => {
  expect(["Resolved 40 packages in 1.2s", "  Downloading scipy (33.1MiB)", "warning: x", ""].map(toProgress)).toEqual([
    "building Python environment: Resolved 40 packages in 1.2s",
    "building Python environment: Downloading scipy (33.1MiB)",
    null,
    null,
  ]);
});
