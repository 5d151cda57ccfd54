import type { House } from "./house.ts";
import type { SourceFile } from "./source-file.ts";

/** A place that breaks a rule. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly severity?: "warning";
}

/** One rule of the house. */
export interface Rule {
  /** In kebab-case; also the name of the rule's folder of canaries. */
  readonly name: string;
  check(house: House): Iterable<Finding>;
}

/** A rule that looks at each file by itself. */
export function fileRule(name: string, checkFile: (file: SourceFile, house: House) => Iterable<Finding>): Rule {
  return {
    name,
    *check(house) {
      for (const file of house.files.values()) yield* checkFile(file, house);
    },
  };
}
