import { kinds } from "../../server/kinds.ts";
import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { loadManifests } from "../manifest-load.ts";
import { readManifestSources } from "../manifest-source.ts";

export interface ValidateInput {
  /** Files, folders or `-`. */
  readonly file: readonly string[];
}

/** Checks YAML without a server; exit code 2 when something is wrong. */
export async function validate(context: CommandContext, input: ValidateInput): Promise<number> {
  const sources = await readManifestSources(input.file, () => context.terminal.readInput());
  const manifests = loadManifests(sources, kinds);
  const valid = manifests.map(({ manifest, file }) => ({ file, kind: manifest.kind, name: manifest.name }));
  if (context.format === "json") printJson(context, { valid });
  else
    for (const each of valid)
      context.terminal.print(
        context.format === "quiet"
          ? `${each.kind}/${each.name}`
          : `ok  ${each.kind}/${each.name}  ${context.terminal.paint(each.file, "dim")}`,
      );
  return exitCodes.ok;
}
