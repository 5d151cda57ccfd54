import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { readField, readText } from "../field-path.ts";
import { type Item, toItem } from "../item.ts";
import { formatAge } from "../relative-time.ts";

/** Shows how the server is: its version, addresses, what it holds, and how far its log is sealed. */
export async function status(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.get("/api/v1/status", {}, context.signal));
  if (context.format === "json") printJson(context, { controlUrl: client.url, ...answer });
  else if (context.format === "quiet") context.terminal.print(client.url);
  else for (const line of renderStatus(context, client.url, answer)) context.terminal.print(line);
  return exitCodes.ok;
}

function renderStatus(context: CommandContext, url: string, answer: Item): readonly string[] {
  const { paint } = context.terminal;
  const now = context.clock.now();
  const age = (path: string) => {
    const at = readField(answer, path);
    return typeof at === "number" ? formatAge(now - at) : "-";
  };
  const sealed = readText(answer, "log.checkpoint.size");
  const seal = sealed === "" ? "not sealed yet" : `sealed up to ${sealed} ${age("log.checkpoint.signedAt")} ago`;
  const facts: readonly (readonly [string, string])[] = [
    ["version", readText(answer, "version", "-")],
    ["up for", age("startedAt")],
    ["gateway", readText(answer, "gatewayUrl", "none")],
    ["holds", describeCounts(answer["counts"])],
    ["log", `${readText(answer, "log.size", "0")} events, ${seal}`],
  ];
  const state = paint("up", "good");
  return [
    `millwright is ${state} at ${url}`,
    ...facts.map(([label, text]) => `  ${paint(label.padEnd(8), "dim")} ${text}`),
  ];
}

function describeCounts(counts: unknown): string {
  const held = Object.entries(counts ?? {}).filter(([, count]) => typeof count === "number" && count > 0);
  return held.length === 0 ? "nothing yet" : held.map(([kind, count]) => `${String(count)} ${kind}`).join(", ");
}
