import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** One check of the build: a name for the reader and the program that does it. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** What the output must contain to prove that the program looked at something. */
  readonly proof?: RegExp;
}

/** Folders that hold the code of the house. */
const codeFolders = ["src", "web", "test", "tools", "bench", "examples"] as const;

function holdsCode(folder: string): boolean {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return false;
  return readdirSync(folder, { recursive: true }).some((name) => /\.tsx?$/.test(String(name)));
}

/** The steps of `npm run check`, in the order in which a reader wants their answers. */
export function checkSteps(root: string): readonly Step[] {
  const program = (name: string): string => join(root, "node_modules", ".bin", name);
  const folders = codeFolders.filter((folder) => holdsCode(join(root, folder)));
  const steps: Step[] = [{ name: "types", command: [program("tsc"), "-p", "."] }];
  if (existsSync(join(root, "web", "tsconfig.json"))) {
    steps.push({ name: "types of web", command: [program("tsc"), "--noEmit", "-p", "web"] });
  }
  steps.push(
    {
      name: "lint",
      command: [program("oxlint"), "--type-aware", "--deny-warnings", ...folders],
      proof: /on [1-9]\d* files/,
    },
    { name: "format", command: [program("biome"), "format", "."], proof: /Checked [1-9]\d* files/ },
    { name: "walls", command: [process.execPath, "tools/walls.ts", root], proof: /^[1-9]\d* files/m },
    { name: "dead code", command: [program("knip"), "--no-progress"] },
  );
  return steps;
}
