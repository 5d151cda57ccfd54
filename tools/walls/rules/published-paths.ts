import { roleOf, roomOf } from "../house.ts";
import { fileRule } from "../rule.ts";

/** Text that is the path of a TypeScript file: `tasks/train.ts`, but not `.ts`. */
const typeScriptPath = /^[\w@./-]*[\w-]\.tsx?$/;

/** The published package holds `.js` files: a path to a program takes its ending from `import.meta.url`. */
export const publishedPaths = fileRule("published-paths", function* (file) {
  const role = roleOf(file.path);
  if (roomOf(file.path) === undefined || role === "test") return;
  for (const { text, line } of file.literals) {
    if (!typeScriptPath.test(text)) continue;
    yield {
      file: file.path,
      line,
      message: `"${text}" is a .js file once published; take the ending from import.meta.url`,
    };
  }
});
