import { fileRule } from "../rule.ts";

/** No file exists only to pass on other files' exports: an import tells where a thing lives. */
export const noBarrels = fileRule("no-barrels", function* (file) {
  const found = (line: number, message: string) => ({ file: file.path, line, message });
  if (/(?:^|\/)index\.tsx?$/.test(file.path)) yield found(1, "name the file after the idea in it, not index");
  else if (file.isOnlyReexports) yield found(1, "the file only passes on exports; import from where things live");
  for (const { line } of file.starExports)
    yield found(line, "export * hides what comes; import from where things live");
});
