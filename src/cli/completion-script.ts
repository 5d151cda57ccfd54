/** What a shell completes: each command with the words and flags that may follow it. */
export interface CompletionTree {
  readonly commands: readonly CompletedCommand[];
  readonly flags: readonly string[];
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

export type Shell = "bash" | "zsh" | "fish";

/** Whether a completion script can be made for this shell. */
export function isShell(word: string): word is Shell {
  return word === "bash" || word === "zsh" || word === "fish";
}

/**
 * Writes a completion script for `millwright` and its short name `mw`.
 *
 * In bash and zsh, names of resources after a kind come from the server, when one answers.
 */
export function completionScript(shell: Shell, tree: CompletionTree): string {
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      return `#compdef millwright mw\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(tree)}`;
    case "fish":
      return fishScript(tree);
  }
}

function bashScript(tree: CompletionTree): string {
  const arms = tree.commands.map(
    (command) => `    ${command.name}) words="${command.words.join(" ")}"; flags="${command.flags.join(" ")}" ;;`,
  );
  return [
    "_millwright() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words flags',
    '  case "$previous" in -f|--file|--data-root|--data-dir) COMPREPLY=($(compgen -f -- "$current")); return ;; esac',
    '  case "${COMP_WORDS[1]}" in',
    ...arms,
    `    *) words="${tree.commands.map((command) => command.name).join(" ")}"; flags="${tree.flags.join(" ")}" ;;`,
    "  esac",
    `  if [ "$COMP_CWORD" -eq 1 ]; then words="${tree.commands.map((command) => command.name).join(" ")}"; fi`,
    '  if [[ "$current" == -* ]]; then words="$flags"; fi',
    '  if [[ "$current" != -* && "$COMP_CWORD" -eq 3 && "${COMP_WORDS[1]}" =~ ^(get|describe|delete)$ ]]; then',
    '    words="$("${COMP_WORDS[0]}" get "${COMP_WORDS[2]}" --quiet 2>/dev/null)"',
    "  fi",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _millwright millwright mw",
  ].join("\n");
}

function fishScript(tree: CompletionTree): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = tree.commands.flatMap((command) => {
    const used = `-n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
    const words =
      command.words.length === 0 ? [] : [`complete -c $program -f ${used} -a ${quote(command.words.join(" "))}`];
    const flags = command.flags.map((flag) => `complete -c $program ${used} -l ${flag.replace(/^--/, "")}`);
    return [
      `complete -c $program -f -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`,
      ...words,
      ...flags,
    ];
  });
  return ["for program in millwright mw", ...lines.map((line) => `  ${line}`), "end"].join("\n");
}
