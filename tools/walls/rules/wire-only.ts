import { roleOf, roomOf } from "../house.ts";
import { fileRule } from "../rule.ts";

/** Files that count as wire schemas beside every `model.ts`; they import nothing else themselves. */
const wireFiles: ReadonlySet<string> = new Set([
  "src/platform/resource.ts",
  "src/platform/event.ts",
  "src/server/kinds.ts",
]);

/** The one program that `millwright up` loads, and only when it runs: `await import("../../server/main.ts")`. */
const serverProgram = "src/server/main.ts";

function isWireSchema(path: string): boolean {
  return wireFiles.has(path) || roomOf(path) === "base" || roleOf(path) === "model";
}

/** `cli` and `web` know the platform by its HTTP API: they import wire schemas and `base`, nothing else. */
export const wireOnly = fileRule("wire-only", function* (file) {
  const role = wireFiles.has(file.path) ? "a wire schema" : roleOf(file.path);
  if (role !== "cli" && role !== "web" && role !== "a wire schema") return;
  for (const { kind, target, line } of file.imports) {
    const room = target === undefined ? undefined : roomOf(target);
    if (target === undefined || room === undefined || room === role || isWireSchema(target)) continue;
    if (role === "cli" && kind === "lazy" && target === serverProgram) continue;
    yield { file: file.path, line, message: `${role} imports wire schemas only (model.ts); found ${target}` };
  }
});
