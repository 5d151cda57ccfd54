import { type House, roleOf } from "../house.ts";
import type { Finding, Rule } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

const configFile = "src/server/config.ts";

/** Where the environment is in reach: `process.env`, `process` handed on whole, `node:process` imported. */
function linesOfEnvironment(file: SourceFile): readonly number[] {
  const lines = [
    ...file.globals.filter((each) => each.text === "process.env" || each.text === "process"),
    ...file.imports.filter((each) => each.kind !== "type" && each.specifier === "node:process"),
  ].map((each) => each.line);
  return [...new Set(lines)];
}

function mayRead(file: SourceFile): boolean {
  const role = roleOf(file.path);
  return file.path === configFile || role === "task" || role === "test" || role === "outside";
}

function* check(house: House): Iterable<Finding> {
  const readers = [...house.files.values()].filter((file) => !mayRead(file) && linesOfEnvironment(file).length > 0);
  const [cliReader] = readers.filter((file) => roleOf(file.path) === "cli").sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of readers) {
    if (file === cliReader) continue;
    const place = roleOf(file.path) === "cli" && cliReader !== undefined ? cliReader.path : configFile;
    for (const line of linesOfEnvironment(file)) {
      yield { file: file.path, line, message: `process.env is read in ${place}; take the value as a parameter` };
    }
  }
}

/** The environment is read in one file of the server, one file of the command line, and by tasks. */
export const oneEnvironment: Rule = { name: "one-environment", check };
