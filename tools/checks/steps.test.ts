import { join, relative } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { placesThatSayTheyBreak } from "./places-that-break.ts";
import { runProgram } from "./run-program.ts";
import { checkSteps } from "./steps.ts";

const root = join(import.meta.dirname, "..", "..");
const canary = join(root, "test", "canary");
const program = (name: string): string => join(root, "node_modules", ".bin", name);

const lintReport = z.object({
  diagnostics: z.array(
    z.object({
      code: z.string(),
      filename: z.string(),
      labels: z.array(z.object({ span: z.object({ line: z.number() }) })),
    }),
  ),
});

test("the linter reports exactly the canary's places, the type-aware rules among them", async ({ signal }) => {
  const folder = join(canary, "lint");
  const config = join(folder, "canary.oxlintrc.json");

  const { output, exitCode } = await runProgram(
    [program("oxlint"), "--type-aware", "--format=json", "--config", config, folder],
    { folder: root },
    signal,
  );

  const { diagnostics } = lintReport.parse(JSON.parse(output));
  const reported = diagnostics.map(
    ({ code, filename, labels }) => `${relative(folder, join(root, filename))}:${labels[0]?.span.line} ${code}`,
  );
  expect(exitCode).not.toBe(0);
  expect(reported.sort()).toEqual(placesThatSayTheyBreak(folder));
});

test("the type checker reports exactly the canary's places", async ({ signal }) => {
  const folder = join(canary, "types");

  const { output, exitCode } = await runProgram(
    [program("tsc"), "--pretty", "false", "-p", folder],
    { folder },
    signal,
  );

  const reported = [...output.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)];
  expect(exitCode).not.toBe(0);
  expect(reported.map(([, file, line, code]) => `${file}:${line} ${code}`).sort()).toEqual(
    placesThatSayTheyBreak(folder),
  );
});

test("dead code is found: a file, an export and a dependency that nobody uses", async ({ signal }) => {
  const { output, exitCode } = await runProgram(
    [program("knip"), "--no-progress", "--directory", join(canary, "dead-code")],
    { folder: root },
    signal,
  );

  expect(exitCode).not.toBe(0);
  expect(output).toContain("forgotten.ts");
  expect(output).toContain("neverUsed");
  expect(output).toContain("nobody-imports-me");
});

test("a program that is not installed is reported with the next step", async ({ signal }) => {
  await expect(runProgram([program("no-such-program")], { folder: root }, signal)).rejects.toThrow("run npm ci");
});

test("a program that ends badly gives its exit code and what it said", async ({ signal }) => {
  const { output, exitCode } = await runProgram(
    [process.execPath, "-e", "console.log('said'); process.exit(3)"],
    { folder: root },
    signal,
  );

  expect({ output, exitCode }).toEqual({ output: "said\n", exitCode: 3 });
});

test("stopping a program stops the programs that it started", async () => {
  const controller = new AbortController();
  const started =
    "require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => 0, 1e3)'], { stdio: 'inherit' })";
  const running = runProgram([process.execPath, "-e", started], { folder: root }, controller.signal);

  controller.abort();

  expect((await running).exitCode).toBe(-1);
});

test("the check has its five kinds of steps, and every step that could look at nothing must prove it did not", () => {
  const steps = checkSteps(root);

  expect(steps.map((step) => step.name)).toEqual(["types", "types of web", "lint", "format", "walls", "dead code"]);
  for (const name of ["lint", "format", "walls"]) {
    expect(steps.find((step) => step.name === name)?.proof?.test("0 files")).toBe(false);
  }
});
