import { isTest, roomOf } from "../house.ts";
import { fileRule } from "../rule.ts";

/** Past this many lines a noun is missing: a warning. */
const linesAdvised = 400;
/** Past this many lines the build fails. */
const linesMax = 500;

/** Files of `src` and `web` hold one idea each, so they are short. Tests may be long. */
export const fileLength = fileRule("file-length", function* (file) {
  if (isTest(file.path) || (roomOf(file.path) === undefined && !file.path.startsWith("web/"))) return;
  if (file.lineCount <= linesAdvised) return;
  const message = `${file.lineCount} lines (advised ${linesAdvised}, at most ${linesMax}); a noun is missing: find it`;
  if (file.lineCount > linesMax) yield { file: file.path, line: linesMax, message };
  else yield { file: file.path, line: linesAdvised, message, severity: "warning" };
});
