import { builtinModules } from "node:module";
import { packageOf, roleOf, roomOf } from "../house.ts";
import { fileRule } from "../rule.ts";

const builtins: ReadonlySet<string> = new Set(builtinModules);

/** Relative imports name a file that exists; Node's modules wear `node:`; `src` runs on published dependencies only. */
export const resolvedImports = fileRule("resolved-imports", function* (file, house) {
  const isPublished = roomOf(file.path) !== undefined && roleOf(file.path) !== "test";
  for (const { kind, specifier, target, line } of file.imports) {
    const isRelative = specifier.startsWith(".");
    if (isRelative && target === undefined && /\.tsx?$|\/[^.]*$/.test(specifier)) {
      yield { file: file.path, line, message: `"${specifier}" names no file; relative imports end in .ts` };
    }
    if (isRelative || specifier.startsWith("node:")) continue;
    // What may be missing is loaded where its absence can be told.
    if (kind === "lazy" && house.optionalPeers.has(packageOf(specifier))) continue;
    if (builtins.has(specifier)) {
      yield { file: file.path, line, message: `write node:${specifier}` };
    } else if (isPublished && kind !== "type" && !house.dependencies.has(packageOf(specifier))) {
      yield { file: file.path, line, message: `"${packageOf(specifier)}" is not in package.json's dependencies` };
    }
  }
});
