import { type CommandContext, printJson } from "../command-context.ts";
import { exitCodes } from "../exit-code.ts";
import { toItem } from "../item.ts";

/** Tells who the key belongs to and what it may read. */
export async function whoami(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const answer = toItem(await client.get("/api/v1/whoami", {}, context.signal));
  if (context.format === "json") printJson(context, { server: client.url, ...answer });
  else {
    context.terminal.print(String(answer["identity"]));
    const projects = answer["projects"];
    const reads = Array.isArray(projects) ? projects.join(", ") || "no project" : "every project";
    if (context.format === "text") context.terminal.say(`on ${client.url}; reads ${reads}`);
  }
  return exitCodes.ok;
}
