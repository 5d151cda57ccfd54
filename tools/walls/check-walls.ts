import { statSync } from "node:fs";
import { readHouse } from "./read-house.ts";
import type { Rule } from "./rule.ts";
import { bannedNames } from "./rules/banned-names.ts";
import { fileLength } from "./rules/file-length.ts";
import { honestComments } from "./rules/honest-comments.ts";
import { namedExports } from "./rules/named-exports.ts";
import { noBarrels } from "./rules/no-barrels.ts";
import { noCycles } from "./rules/no-cycles.ts";
import { oneEnvironment } from "./rules/one-environment.ts";
import { publishedPaths } from "./rules/published-paths.ts";
import { purity } from "./rules/purity.ts";
import { resolvedImports } from "./rules/resolved-imports.ts";
import { roomDoors } from "./rules/room-doors.ts";
import { roomOrder } from "./rules/room-order.ts";
import { sqlInStores } from "./rules/sql-in-stores.ts";
import { wireOnly } from "./rules/wire-only.ts";
import { worldInDrivers } from "./rules/world-in-drivers.ts";
import type { Violation } from "./violation.ts";

/** Every rule of the house that the build checks. */
export const rules: readonly Rule[] = [
  roomOrder,
  roomDoors,
  purity,
  sqlInStores,
  worldInDrivers,
  wireOnly,
  oneEnvironment,
  resolvedImports,
  publishedPaths,
  noCycles,
  namedExports,
  noBarrels,
  bannedNames,
  honestComments,
  fileLength,
];

/** What a check of the walls saw: without the counts, "no violations" could mean that nothing was looked at. */
export interface WallsReport {
  readonly filesChecked: number;
  readonly importsChecked: number;
  readonly violations: readonly Violation[];
}

/** Thrown when a tree cannot be called clean, since nothing of it was looked at. */
export class NothingToCheck extends Error {
  override readonly name = "NothingToCheck";
}

/**
 * Checks every source file below `root` against every rule.
 *
 * @throws {NothingToCheck} when there is no folder or no source file; {Error} when a file cannot be parsed.
 */
export function checkWalls(root: string): WallsReport {
  if (statSync(root, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new NothingToCheck(`the walls checker wants the root of a source tree, found no folder at ${root}`);
  }
  const house = readHouse(root);
  const importsChecked = [...house.files.values()].reduce((sum, file) => sum + file.imports.length, 0);
  if (house.files.size === 0) {
    throw new NothingToCheck(
      `the walls checker found no source file below ${root}; run it from the root of the repository`,
    );
  }
  const violations = rules.flatMap((rule) =>
    [...rule.check(house)].map((finding): Violation => ({ severity: "error", ...finding, rule: rule.name })),
  );
  return {
    filesChecked: house.files.size,
    importsChecked,
    violations: violations.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1)),
  };
}
