import { fileRule } from "../rule.ts";

const bannedInPaths: ReadonlySet<string> = new Set(
  ["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"].concat(["impl", "v2", "v3"]),
);
const bannedEndings = /(?:Utils?|Helpers?|Managers?|Misc|Impl|V[2-9])$/;
const bannedWhole = /^(?:utils?|helpers?|managers?|misc|common)$/;
const interfacePrefix = /^[IT][A-Z][a-z]/;

/** Names say what a thing is: no utils, helpers, common, manager, misc, Impl or V2, in paths and declarations. */
export const bannedNames = fileRule("banned-names", function* (file) {
  const word = file.path.split(/[/.-]/).find((part) => bannedInPaths.has(part.toLowerCase()));
  if (word !== undefined)
    yield { file: file.path, line: 1, message: `"${word}" in a path says nothing; find the noun` };
  for (const { text, line } of file.declarations) {
    if (!bannedEndings.test(text) && !bannedWhole.test(text) && !interfacePrefix.test(text)) continue;
    yield { file: file.path, line, message: `"${text}" says how, not what; find the noun` };
  }
});
