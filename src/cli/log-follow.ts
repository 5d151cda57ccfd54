import type { ApiClient } from "./api-client.ts";
import type { CommandContext } from "./command-context.ts";
import { hasEnded, readWorkload, workloadPath, workloadPollMs } from "./workload.ts";
import { type Item, nameOf } from "./item.ts";
import { toneOf } from "./tone.ts";

/** What a log command asks for. */
export interface LogOptions {
  readonly follow: boolean;
  /** Only the last lines; undefined: all. */
  readonly tail: number | undefined;
}

/** Copies a workload's log to standard output. */
export async function copyLog(
  context: CommandContext,
  client: ApiClient,
  workload: Item,
  options: LogOptions,
): Promise<void> {
  const query = { follow: options.follow ? true : undefined, tail: options.tail };
  const stream = await client.stream(`${workloadPath(workload)}/logs`, query, context.signal);
  for await (const chunk of stream) await context.terminal.write(chunk);
}

/** Says each new phase of a workload until it runs or has ended; answers with its latest reading. */
export async function awaitStart(context: CommandContext, client: ApiClient, workload: Item): Promise<Item> {
  let current = workload;
  let said = "";
  for (;;) {
    const words = describeProgress(current);
    if (words !== said)
      context.terminal.say(
        `${context.terminal.paint(String(current["state"]), toneOf(String(current["state"])))}  ${words}`,
      );
    said = words;
    if (current["state"] === "running" || hasEnded(current)) return current;
    await context.pause(workloadPollMs, context.signal);
    current = await readWorkload(client, current, context.signal);
  }
}

/** Waits for the end of a workload whose log has ended; answers with its latest reading. */
export async function awaitEnd(context: CommandContext, client: ApiClient, workload: Item): Promise<Item> {
  let current = await readWorkload(client, workload, context.signal);
  while (!hasEnded(current)) {
    await context.pause(workloadPollMs, context.signal);
    current = await readWorkload(client, current, context.signal);
  }
  return current;
}

/** Says, once Ctrl-C was pressed, that only the looking stopped. */
export function sayDetached(context: CommandContext, workload: Item): void {
  context.terminal.say(
    `\nstopped following; ${nameOf(workload)} goes on. Follow again: millwright logs -f workload/${nameOf(workload)}; stop it: millwright cancel workload/${nameOf(workload)}`,
  );
}

function describeProgress(workload: Item): string {
  const reason = workload["reason"];
  const sentence = typeof reason === "object" && reason !== null && "sentence" in reason ? String(reason.sentence) : "";
  const phase = typeof workload["phase"] === "string" ? workload["phase"] : "";
  return sentence === "" ? phase : sentence;
}
