import { type CommandContext, printJson, printJsonLine } from "../command-context.ts";
import { readEventPage } from "../event-feed.ts";
import { exitCodes } from "../exit-code.ts";
import { readText } from "../field-path.ts";
import { toItem } from "../item.ts";

/** Events asked for at once by an export. */
const exportPage = 500;

/** Proves the event log whole, or names its first bad entry; exit code 1 when it is not whole. */
export async function auditVerify(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const found = toItem(await client.get("/api/v1/audit/verify", {}, context.signal));
  const isWhole = found["isWhole"] === true;
  if (context.format === "json") printJson(context, found);
  else {
    const { paint } = context.terminal;
    const verdict = isWhole ? paint("whole", "good") : paint("broken", "bad");
    context.terminal.print(
      `event log is ${verdict}: ${readText(found, "checked", "0")} entries checked, ${readText(found, "checkpoints", "0")} checkpoints`,
    );
    context.terminal.print(`root ${readText(found, "root")}`);
    const seq = readText(found, "firstBad.seq");
    if (seq !== "") context.terminal.print(`first bad entry ${seq}: ${readText(found, "firstBad.why")}`);
  }
  return isWhole ? exitCodes.ok : exitCodes.failed;
}

/** Writes the whole log as lines of JSON, its newest signed checkpoint and public key first. */
export async function auditExport(context: CommandContext): Promise<number> {
  const client = await context.connect();
  const sealed = toItem(await client.get("/api/v1/audit/checkpoint", {}, context.signal));
  printJsonLine(context, sealed);
  let after = 0;
  for (;;) {
    const page = await readEventPage(client, { after, limit: exportPage, order: "oldest-first" }, context.signal);
    for (const event of page) await context.terminal.write(`${JSON.stringify(event)}\n`);
    after = page.at(-1)?.seq ?? after;
    if (page.length < exportPage) return exitCodes.ok;
  }
}
