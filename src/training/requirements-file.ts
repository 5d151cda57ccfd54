/** Reads the lines of a requirements file: comments and blank lines are left out, continued lines are joined. */
export function parseRequirementsFile(text: string): readonly string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}
