import { isTest } from "../house.ts";
import { fileRule, type Finding } from "../rule.ts";
import type { SourceFile } from "../source-file.ts";

const promise = /\b(?:TODO|FIXME|XXX|HACK)\b/;
const silencedTypes = /@ts-(?:ignore|nocheck|expect-error)\b/;
const silencedLint = /(?:ox|es)lint-disable(?:-next-line|-line)?\b|biome-ignore/;
const reason = / -- \S/;

function problemOf(comment: string, file: SourceFile): string | undefined {
  const marker = promise.exec(comment)?.[0];
  if (marker !== undefined) return `no ${marker}: do it, or write down why it is deliberately absent`;
  const silenced = silencedTypes.exec(comment)?.[0];
  if (silenced !== undefined && !(isTest(file.path) && silenced === "@ts-expect-error")) {
    return `${silenced} hides an error from the type checker; mend the type`;
  }
  if (silencedLint.test(comment) && !reason.test(comment)) return "say why the rule is silenced here: ` -- reason`";
  return undefined;
}

function* checkFile(file: SourceFile): Iterable<Finding> {
  for (const { text, line } of file.comments) {
    const message = problemOf(text, file);
    if (message !== undefined) yield { file: file.path, line, message };
  }
}

/** Comments promise nothing and hide nothing. */
export const honestComments = fileRule("honest-comments", checkFile);
