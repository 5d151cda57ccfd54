import type { Command } from "commander";
import { expect, test } from "vitest";
import { makeProgram } from "./program.ts";

const program = makeProgram(async () => undefined);
const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

test("has every command that the platform promises", () => {
  expect(program.commands.map((command) => command.name()).sort()).toEqual(
    "advise apply approve audit batch cancel completion cost delete describe down events get identity key loadtest logs plan promote queue quota reserve resume rollback run schema serve simulate size status traffic up usage validate version wait whatif whoami why".split(
      " ",
    ),
  );
});

test("every command and every option says what it does", () => {
  for (const command of [program, ...leaves(program)]) {
    expect(`${command.name()}: ${command.description()}`).toMatch(/: .+/);
    for (const option of command.options.filter(({ hidden }) => !hidden))
      expect(`${option.flags}: ${option.description}`).toMatch(/: .+/);
  }
});

test("the global options may stand after the command", async () => {
  const seen: unknown[] = [];
  const watched = makeProgram(async (options) => void seen.push(options));

  await watched.parseAsync(["node", "millwright", "get", "teams", "--json", "--project", "cats"]);

  expect(seen).toMatchObject([{ json: true, project: "cats" }]);
});

test("short flags may be joined, global ones among them", async () => {
  const seen: unknown[] = [];
  const watched = makeProgram(async (options) => void seen.push(options));

  await watched.parseAsync(["node", "millwright", "apply", "-yqf", "a.yaml"]);

  expect(seen).toMatchObject([{ yes: true, quiet: true, file: ["a.yaml"] }]);
});

test.each([
  ["an unknown command", ["gett"], "commander.unknownCommand"],
  ["an unknown option", ["get", "teams", "--colour"], "commander.unknownOption"],
  ["a missing argument", ["describe"], "commander.missingArgument"],
  ["a port that is no number", ["up", "--port", "high"], "commander.invalidArgument"],
])("%s is refused", async (_what, words, code) => {
  const strict = makeProgram(async () => undefined).configureOutput({ writeErr: () => undefined });
  for (const command of strict.commands) command.configureOutput({ writeErr: () => undefined });

  await expect(strict.parseAsync(["node", "millwright", ...words])).rejects.toMatchObject({ code });
});
