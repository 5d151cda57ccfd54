import { fileRule } from "../rule.ts";

/** Tools that read their settings from a default export. */
const settingsFile = /(?:^|\/)[a-z]+\.config\.ts$/;

/** No default exports: a thing has one name, where it is made and where it is used. */
export const namedExports = fileRule("named-exports", function* (file) {
  if (settingsFile.test(file.path)) return;
  for (const { line } of file.defaultExports) {
    yield { file: file.path, line, message: "export it by its name, not as default" };
  }
});
