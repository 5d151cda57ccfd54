import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every place of a canary tree that says `breaks: <rule>` in a comment, as `file:line rule`, sorted. */
export function placesThatSayTheyBreak(tree: string): readonly string[] {
  const paths = readdirSync(tree, { recursive: true }).map(String);
  return paths
    .filter((path) => /\.tsx?$/.test(path))
    .flatMap((path) =>
      readFileSync(join(tree, path), "utf8")
        .split("\n")
        .flatMap((text, index) =>
          [...text.matchAll(/breaks: ([^\s*]+)/g)].map(([, rule]) => `${path}:${index + 1} ${rule}`),
        ),
    )
    .sort();
}
