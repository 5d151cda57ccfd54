import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type CompletionTree, completionScript } from "./completion-script.ts";

const tree: CompletionTree = {
  commands: [
    { name: "get", summary: "list what's there", words: ["jobs", "datasets"], flags: ["--json"] },
    { name: "status", summary: "how it is", words: [], flags: ["--json"] },
  ],
  flags: ["--json", "--help"],
};

test("a completion script completes commands, kinds and flags of both names", () => {
  const bash = completionScript("bash", tree);
  const fish = completionScript("fish", tree);

  expect(bash).toContain('get) words="jobs datasets"; flags="--json" ;;');
  expect(bash).toContain("complete -o default -F _millwright millwright mw");
  expect(completionScript("zsh", tree).startsWith("#compdef millwright mw\n")).toBe(true);
  expect(fish).toContain("-a get -d 'list what\\'s there'");
  expect(fish.startsWith("for program in millwright mw\n")).toBe(true);
});

test.each([
  [["millwright", ""], "get status"],
  [["mw", "sta"], "status"],
  [["millwright", "get", "da"], "datasets"],
  [["millwright", "get", "--j"], "--json"],
  [["millwright", "get", "jobs", "fl"], "flight-delay"],
])("bash completes %j to %s", async (words, wanted) => {
  const script = [
    'millwright() { [ "$*" = "get jobs --quiet" ] && echo "flight-delay flight-cause cats"; }',
    completionScript("bash", tree),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}`,
    '_millwright; echo "${COMPREPLY[*]}"',
  ].join("\n");

  const { stdout } = await promisify(execFile)("bash", ["-c", script]);

  expect(stdout.trim().split(" ")).toEqual(expect.arrayContaining(wanted.split(" ")));
});
